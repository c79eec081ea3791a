// What is said on stderr, without secrets.
#pragma once

#include <ostream>
#include <streambuf>

namespace lakeward::cli {

// As long as it lives, what is written to `stream` goes through mask_secrets(). Each `<<` must hold
// a secret as a whole. Threads may write.
class MaskedStream final : private std::streambuf {
 public:
  explicit MaskedStream(std::ostream& stream);
  ~MaskedStream() override;
  MaskedStream(const MaskedStream&) = delete;
  MaskedStream& operator=(const MaskedStream&) = delete;

 private:
  int_type overflow(int_type c) override;
  std::streamsize xsputn(const char* text, std::streamsize size) override;
  int sync() override;

  std::ostream& stream_;
  std::streambuf* const target_;
};

}  // namespace lakeward::cli
