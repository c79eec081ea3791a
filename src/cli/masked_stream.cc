#include "cli/masked_stream.h"

#include "base/secret.h"

namespace lakeward::cli {

MaskedStream::MaskedStream(std::ostream& stream) : stream_(stream), target_(stream.rdbuf(this)) {}

MaskedStream::~MaskedStream() { stream_.rdbuf(target_); }

MaskedStream::int_type MaskedStream::overflow(int_type c) {
  return traits_type::eq_int_type(c, traits_type::eof())
             ? traits_type::not_eof(c)
             : target_->sputc(traits_type::to_char_type(c));
}

std::streamsize MaskedStream::xsputn(const char* text, std::streamsize size) {
  const std::string masked = mask_secrets(std::string(text, static_cast<size_t>(size)));
  const auto written = target_->sputn(masked.data(), static_cast<std::streamsize>(masked.size()));
  return written == static_cast<std::streamsize>(masked.size()) ? size : 0;
}

int MaskedStream::sync() { return target_->pubsync(); }

}  // namespace lakeward::cli
