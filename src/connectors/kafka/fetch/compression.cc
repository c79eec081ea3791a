#include "connectors/kafka/fetch/compression.h"

#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>
#include <string>

#include "connectors/kafka/fetch/wire.h"

namespace lakeward::connectors::kafka::fetch {
namespace {

// Snappy-java's stream: a magic number, two versions, then blocks with their sizes in front.
constexpr std::string_view kSnappyMagic("\x82SNAPPY\0", 8);
constexpr size_t kSnappyHeader = 16;

Status broken(const char* codec) {
  return corruption(std::string("a batch of records is not ") + codec +
                    ", or needs more than 1 GiB to be unpacked");
}

// What a thread's last batch was to its packed form, in sixteenths: the next one is like it. A
// guess that is too small costs a copy.
thread_local size_t last_growth = 4 * 16;
constexpr size_t kSmallestGuess = 16 << 10;
constexpr size_t kLargestGuess = 16 << 20;

size_t guess_of(std::string_view bytes) {
  const size_t guess = bytes.size() / 16 * (last_growth + 4);
  return std::clamp(guess, kSmallestGuess, std::max(kLargestGuess, 4 * bytes.size()));
}

// Where a text may be made, and of how much memory.
struct Room {
  MessageBlock& block;
  size_t most = 0;
};

// A growing text in a block's memory, which keeps the shorter ones before it, too.
class Unpacked {
 public:
  Unpacked(Room room, size_t guess) : block_(room.block), left_(room.most) {
    grow(std::min(guess, left_));
  }
  char* space() { return data_ + used_; }
  size_t room() const { return size_ - used_; }
  void add(size_t bytes) { used_ += bytes; }
  // False if that would be too much.
  bool more() {
    if (room() > 0) return true;
    if (left_ <= size_) return false;
    grow(std::min(size_ * 2, left_));
    return true;
  }
  std::string_view text() const { return {data_, used_}; }
  // All of what `bytes` packed: the text.
  std::string_view finish(std::string_view bytes) const {
    last_growth = std::min<size_t>(used_ * 16 / std::max<size_t>(bytes.size(), 1), 64 * 16);
    return text();
  }

 private:
  void grow(size_t size) {
    char* const bigger = block_.allocate(size);
    if (used_ > 0) std::memcpy(bigger, data_, used_);
    data_ = bigger;
    size_ = size;
    left_ -= size;
  }

  MessageBlock& block_;
  size_t left_;
  char* data_ = nullptr;
  size_t size_ = 0;
  size_t used_ = 0;
};

Result<std::string_view> unpack_gzip(std::string_view bytes, Room room) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 32) != Z_OK) return internal_error("zlib did not start");
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> end(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  Unpacked out(room, guess_of(bytes));
  while (out.more()) {
    stream.next_out = reinterpret_cast<Bytef*>(out.space());
    stream.avail_out = static_cast<uInt>(out.room());
    const size_t before = out.room();
    const int state = inflate(&stream, Z_NO_FLUSH);
    out.add(before - stream.avail_out);
    if (state == Z_STREAM_END) return out.finish(bytes);
    if (state != Z_OK || (stream.avail_in == 0 && stream.avail_out > 0)) break;
  }
  return broken("gzip");
}

Result<std::string_view> unpack_lz4(std::string_view bytes, Room room) {
  struct Context {
    Context() { LZ4F_createDecompressionContext(&handle, LZ4F_VERSION); }
    ~Context() { LZ4F_freeDecompressionContext(handle); }
    LZ4F_dctx* handle = nullptr;
  };
  static thread_local Context context;
  LZ4F_resetDecompressionContext(context.handle);
  Unpacked out(room, guess_of(bytes));
  std::string_view rest = bytes;
  while (out.more()) {
    size_t taken = rest.size();
    size_t written = out.room();
    const size_t state =
        LZ4F_decompress(context.handle, out.space(), &written, rest.data(), &taken, nullptr);
    if (LZ4F_isError(state) != 0U) break;
    out.add(written);
    rest.remove_prefix(taken);
    if (state == 0) return out.finish(bytes);
    if (taken == 0 && written == 0) break;
  }
  return broken("an LZ4 frame");
}

Result<std::string_view> unpack_zstd(std::string_view bytes, Room room) {
  struct Context {
    ~Context() { ZSTD_freeDCtx(handle); }
    ZSTD_DCtx* handle = ZSTD_createDCtx();
  };
  static thread_local Context context;
  ZSTD_DCtx_reset(context.handle, ZSTD_reset_session_only);
  Unpacked out(room, guess_of(bytes));
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  while (out.more()) {
    ZSTD_outBuffer space{out.space(), out.room(), 0};
    const size_t before = in.pos;
    const size_t state = ZSTD_decompressStream(context.handle, &space, &in);
    if (ZSTD_isError(state) != 0U) break;
    out.add(space.pos);
    if (state == 0) return out.finish(bytes);
    if (space.pos == 0 && in.pos == before) break;
  }
  return broken("zstd");
}

bool unpack_snappy_block(std::string_view bytes, Unpacked& out, size_t size) {
  if (!snappy::RawUncompress(bytes.data(), bytes.size(), out.space())) return false;
  out.add(size);
  return true;
}

Result<std::string_view> unpack_snappy(std::string_view bytes, Room room) {
  size_t total = 0;
  if (!bytes.starts_with(kSnappyMagic)) {
    if (!snappy::GetUncompressedLength(bytes.data(), bytes.size(), &total) || total > room.most) {
      return broken("snappy");
    }
    Unpacked out(room, std::max<size_t>(total, 1));
    if (!unpack_snappy_block(bytes, out, total)) return broken("snappy");
    return out.text();
  }
  // All sizes first, so that the text is made in one piece.
  std::vector<std::pair<std::string_view, size_t>> parts;
  WireReader reader(bytes.substr(std::min(bytes.size(), kSnappyHeader)));
  while (reader.left() > 0) {
    const auto size = reader.number<int32_t>();
    const std::string_view part = reader.bytes(static_cast<size_t>(std::max(size, 0)));
    size_t unpacked = 0;
    if (!reader.ok() || !snappy::GetUncompressedLength(part.data(), part.size(), &unpacked)) {
      return broken("snappy");
    }
    parts.emplace_back(part, unpacked);
    total += unpacked;
    if (total > room.most) return broken("snappy");
  }
  Unpacked out(room, std::max<size_t>(total, 1));
  for (const auto& [part, size] : parts) {
    if (!unpack_snappy_block(part, out, size)) return broken("snappy");
  }
  return out.text();
}

}  // namespace

Result<std::string_view> decompress(Codec codec, std::string_view bytes, MessageBlock& block,
                                    size_t most) {
  switch (codec) {
    case Codec::kNone:
      return bytes;
    case Codec::kGzip:
      return unpack_gzip(bytes, {block, most});
    case Codec::kSnappy:
      return unpack_snappy(bytes, {block, most});
    case Codec::kLz4:
      return unpack_lz4(bytes, {block, most});
    case Codec::kZstd:
      return unpack_zstd(bytes, {block, most});
  }
  return corruption("a batch of records has the unknown compression " +
                    std::to_string(static_cast<int>(codec)));
}

}  // namespace lakeward::connectors::kafka::fetch
