// A file's bytes, decompressed, in order.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace lakeward::connectors::file {

enum class Compression { kNone, kGzip, kZstd };

// By the name's ending: .gz, .zst (any case), else none.
Compression compression_of(std::string_view path);

// An open file. Not thread-safe.
class FileHandle {
 public:
  // Errors name the file and the mend: NotFound (deleted since it was taken), IoError (permission).
  static Result<FileHandle> open(const std::string& path);
  FileHandle(FileHandle&& other) noexcept;
  FileHandle& operator=(FileHandle&& other) noexcept;
  ~FileHandle();

  // Up to `capacity` bytes from `offset`; 0 only at the end.
  Result<size_t> read_at(char* to, size_t capacity, uint64_t offset) const;
  Result<uint64_t> size() const;
  const std::string& path() const { return path_; }

 private:
  FileHandle(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  int fd_ = -1;
  std::string path_;
};

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // The next bytes, at most `capacity`; 0 only at the end. Errors: Corruption if a compressed file
  // is cut short or damaged; the message names the file and the mend.
  virtual Result<size_t> read(char* to, size_t capacity) = 0;
};

// The bytes [from, limit) of a plain file, or fewer if it is shorter.
Result<std::unique_ptr<ByteStream>> open_range(const std::string& path, uint64_t from,
                                               uint64_t limit);
// All bytes of a compressed file: its members or frames one after another.
Result<std::unique_ptr<ByteStream>> open_compressed(const std::string& path,
                                                    Compression compression);

}  // namespace lakeward::connectors::file
