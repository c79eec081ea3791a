#include "connectors/file/bytes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace lakeward::connectors::file {
namespace {

constexpr size_t kInputBytes = 256 << 10;

bool ends_with_no_case(std::string_view text, std::string_view ending) {
  return text.size() >= ending.size() &&
         std::equal(ending.begin(), ending.end(), text.end() - ending.size(),
                    [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); });
}

class RangeStream final : public ByteStream {
 public:
  RangeStream(FileHandle file, uint64_t from, uint64_t limit)
      : file_(std::move(file)), next_(from), limit_(limit) {}

  Result<size_t> read(char* to, size_t capacity) override {
    const size_t wanted = std::min<uint64_t>(capacity, limit_ - std::min(next_, limit_));
    if (wanted == 0) return size_t{0};
    ASSIGN_OR_RETURN(const size_t got, file_.read_at(to, wanted, next_));
    next_ += got;
    return got;
  }

 private:
  FileHandle file_;
  uint64_t next_;
  uint64_t limit_;
};

// The compressed bytes of a file, a piece at a time.
class CompressedInput {
 public:
  explicit CompressedInput(FileHandle file)
      : file_(std::move(file)), bytes_(std::make_unique<char[]>(kInputBytes)) {}

  // The next piece, empty at the end; valid until the next call.
  Result<std::string_view> next() {
    ASSIGN_OR_RETURN(const size_t got, file_.read_at(bytes_.get(), kInputBytes, offset_));
    offset_ += got;
    return std::string_view(bytes_.get(), got);
  }
  Status cut_short() const {
    return corruption(file_.path() + " is cut short: the compressed data ends at byte " +
                      std::to_string(offset_) +
                      " of the file, before its end mark. Nothing of this epoch was committed; put "
                      "the complete file in its place and run again");
  }
  Status damaged(std::string_view detail) const {
    return corruption(
        file_.path() + " is damaged before byte " + std::to_string(offset_) + ": " +
        std::string(detail) +
        ". Nothing of this epoch was committed; put a sound file in its place and run "
        "again");
  }

 private:
  FileHandle file_;
  uint64_t offset_ = 0;
  std::unique_ptr<char[]> bytes_;
};

class GzipStream final : public ByteStream {
 public:
  explicit GzipStream(FileHandle file) : input_(std::move(file)) {
    std::memset(&zlib_, 0, sizeof(zlib_));
    CHECK(inflateInit2(&zlib_, 15 + 16) == Z_OK, "zlib has no memory");
  }
  ~GzipStream() override { inflateEnd(&zlib_); }

  Result<size_t> read(char* to, size_t capacity) override {
    zlib_.next_out = reinterpret_cast<Bytef*>(to);
    zlib_.avail_out = static_cast<uInt>(std::min<size_t>(capacity, 1 << 30));
    const uInt room = zlib_.avail_out;
    while (zlib_.avail_out == room) {
      if (zlib_.avail_in == 0) {
        ASSIGN_OR_RETURN(const std::string_view piece, input_.next());
        if (piece.empty()) {
          if (inside_member_) return input_.cut_short();
          return size_t{0};
        }
        zlib_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
        zlib_.avail_in = static_cast<uInt>(piece.size());
      }
      if (!inside_member_ && !begin_member()) continue;
      const int code = inflate(&zlib_, Z_NO_FLUSH);
      if (code == Z_STREAM_END) {
        inside_member_ = false;
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        return input_.damaged(zlib_.msg != nullptr ? zlib_.msg : "not gzip data");
      }
    }
    return size_t{room - zlib_.avail_out};
  }

 private:
  // Zeros between and after members are padding, as for gzip itself.
  bool begin_member() {
    while (zlib_.avail_in > 0 && !first_member_ && *zlib_.next_in == 0) {
      ++zlib_.next_in;
      --zlib_.avail_in;
    }
    if (zlib_.avail_in == 0) return false;
    first_member_ = false;
    inside_member_ = true;
    inflateReset(&zlib_);
    return true;
  }

  CompressedInput input_;
  z_stream zlib_;
  bool inside_member_ = false;
  bool first_member_ = true;
};

class ZstdStream final : public ByteStream {
 public:
  explicit ZstdStream(FileHandle file)
      : input_(std::move(file)), zstd_(ZSTD_createDStream(), ZSTD_freeDStream) {
    CHECK(zstd_ != nullptr, "zstd has no memory");
  }

  Result<size_t> read(char* to, size_t capacity) override {
    ZSTD_outBuffer out{to, capacity, 0};
    while (out.pos == 0) {
      // Even without new input there may be output that did not fit last time.
      if (in_.pos == in_.size && !output_waits_) {
        ASSIGN_OR_RETURN(const std::string_view piece, input_.next());
        if (piece.empty()) {
          if (inside_frame_) return input_.cut_short();
          return size_t{0};
        }
        in_ = {piece.data(), piece.size(), 0};
      }
      const size_t code = ZSTD_decompressStream(zstd_.get(), &out, &in_);
      if (ZSTD_isError(code) != 0) return input_.damaged(ZSTD_getErrorName(code));
      inside_frame_ = code != 0;
      output_waits_ = inside_frame_ && out.pos == out.size;
    }
    return out.pos;
  }

 private:
  CompressedInput input_;
  std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> zstd_;
  ZSTD_inBuffer in_{nullptr, 0, 0};
  bool inside_frame_ = false;
  bool output_waits_ = false;
};

}  // namespace

Compression compression_of(std::string_view path) {
  if (ends_with_no_case(path, ".gz")) return Compression::kGzip;
  if (ends_with_no_case(path, ".zst")) return Compression::kZstd;
  return Compression::kNone;
}

Result<FileHandle> FileHandle::open(const std::string& path) {
  int fd;
  do {
    fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  } while (fd < 0 && errno == EINTR);
  if (fd >= 0) return FileHandle(fd, path);
  if (errno == ENOENT) {
    return not_found(path +
                     " is gone, but it was taken into an epoch that is not committed yet; put it "
                     "back at the same place and run again");
  }
  if (errno == EACCES || errno == EPERM) {
    return io_error("opening " + path +
                    ": permission denied; let the user that runs lakeward read it");
  }
  return errno_status(errno, "opening", path);
}

FileHandle::FileHandle(FileHandle&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  return *this;
}

FileHandle::~FileHandle() {
  if (fd_ >= 0) ::close(fd_);
}

Result<size_t> FileHandle::read_at(char* to, size_t capacity, uint64_t offset) const {
  ssize_t got;
  do {
    got = ::pread(fd_, to, capacity, static_cast<off_t>(offset));
  } while (got < 0 && errno == EINTR);
  if (got < 0) return errno_status(errno, "reading", path_);
  return static_cast<size_t>(got);
}

Result<uint64_t> FileHandle::size() const {
  struct stat info;
  if (::fstat(fd_, &info) != 0) return errno_status(errno, "reading the size of", path_);
  return static_cast<uint64_t>(info.st_size);
}

Result<std::unique_ptr<ByteStream>> open_range(const std::string& path, uint64_t from,
                                               uint64_t limit) {
  ASSIGN_OR_RETURN(FileHandle file, FileHandle::open(path));
  return std::unique_ptr<ByteStream>(std::make_unique<RangeStream>(std::move(file), from, limit));
}

Result<std::unique_ptr<ByteStream>> open_compressed(const std::string& path,
                                                    Compression compression) {
  ASSIGN_OR_RETURN(FileHandle file, FileHandle::open(path));
  if (compression == Compression::kGzip) {
    return std::unique_ptr<ByteStream>(std::make_unique<GzipStream>(std::move(file)));
  }
  CHECK(compression == Compression::kZstd);
  return std::unique_ptr<ByteStream>(std::make_unique<ZstdStream>(std::move(file)));
}

}  // namespace lakeward::connectors::file
