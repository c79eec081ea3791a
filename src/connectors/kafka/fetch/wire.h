// Reading and writing the primitive types of the Kafka protocol.
// Kafka protocol guide, "Protocol Primitive Types".
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace lakeward::connectors::kafka::fetch {

// Big-endian numbers at `p`, which so many bytes follow.
template <typename T>
T load_big_endian(const char* p) {
  static_assert(std::endian::native == std::endian::little);
  T value;
  std::memcpy(&value, p, sizeof(value));
  if constexpr (sizeof(T) == 2)
    return static_cast<T>(__builtin_bswap16(static_cast<uint16_t>(value)));
  if constexpr (sizeof(T) == 4)
    return static_cast<T>(__builtin_bswap32(static_cast<uint32_t>(value)));
  if constexpr (sizeof(T) == 8)
    return static_cast<T>(__builtin_bswap64(static_cast<uint64_t>(value)));
  return value;
}

// Reads bytes that nobody has checked: past the end, everything is zero and empty, and ok() is
// false.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes)
      : p_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool ok() const { return !failed_; }
  size_t left() const { return static_cast<size_t>(end_ - p_); }
  const char* at() const { return p_; }

  template <typename T>
  T number() {
    if (left() < sizeof(T)) return fail<T>();
    const T value = load_big_endian<T>(p_);
    p_ += sizeof(T);
    return value;
  }
  std::string_view bytes(size_t size) {
    if (left() < size) return fail<std::string_view>();
    const std::string_view value(p_, size);
    p_ += size;
    return value;
  }
  // STRING and NULLABLE_STRING: null is empty.
  std::string_view text() {
    const auto size = number<int16_t>();
    return size <= 0 ? std::string_view() : bytes(static_cast<size_t>(size));
  }
  // The number of an array's elements, of which each has `least` bytes or more; null is 0.
  int32_t count(size_t least) {
    const auto count = number<int32_t>();
    if (count <= 0) return 0;
    return static_cast<size_t>(count) > left() / least ? fail<int32_t>() : count;
  }
  // UNSIGNED_VARINT: seven bits a byte, the lowest first.
  uint32_t unsigned_varint() {
    uint32_t bits = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      if (p_ == end_) return fail<uint32_t>();
      const auto byte = static_cast<uint8_t>(*p_++);
      bits |= uint32_t{byte & 0x7fU} << shift;
      if ((byte & 0x80) == 0) return bits;
    }
    return fail<uint32_t>();
  }
  // As count(), of a COMPACT_ARRAY; with `least` 1, the size of COMPACT_BYTES or COMPACT_RECORDS.
  int32_t compact_count(size_t least) {
    const uint32_t and_one = unsigned_varint();
    if (and_one <= 1) return 0;
    return and_one - 1 > left() / least ? fail<int32_t>() : static_cast<int32_t>(and_one - 1);
  }
  // TAG_BUFFER: fields that older readers need not know.
  void skip_tags() {
    const uint32_t count = unsigned_varint();
    for (uint32_t i = 0; i < count && ok(); ++i) {
      unsigned_varint();  // its number
      bytes(unsigned_varint());
    }
  }
  // VARINT and VARLONG: zigzag, seven bits a byte, the lowest first.
  int64_t varint() {
    uint64_t bits = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (p_ == end_) return fail<int64_t>();
      const auto byte = static_cast<uint8_t>(*p_++);
      bits |= uint64_t{byte & 0x7fU} << shift;
      if ((byte & 0x80) == 0)
        return static_cast<int64_t>(bits >> 1) ^ -static_cast<int64_t>(bits & 1);
    }
    return fail<int64_t>();
  }

 private:
  template <typename T>
  [[gnu::cold]] T fail() {
    failed_ = true;
    p_ = end_;
    return T{};
  }

  const char* p_;
  const char* end_;
  bool failed_ = false;
};

class WireWriter {
 public:
  template <typename T>
  void number(T value) {
    const T big = load_big_endian<T>(reinterpret_cast<const char*>(&value));
    text_.append(reinterpret_cast<const char*>(&big), sizeof(big));
  }
  void text(std::string_view value) {
    number(static_cast<int16_t>(value.size()));
    text_.append(value);
  }
  void bytes(std::string_view value) { text_.append(value); }
  // The number of a COMPACT_ARRAY's elements.
  void compact_count(size_t count) {
    auto bits = static_cast<uint32_t>(count + 1);
    for (; bits > 0x7f; bits >>= 7) text_.push_back(static_cast<char>((bits & 0x7f) | 0x80));
    text_.push_back(static_cast<char>(bits));
  }
  void no_tags() { text_.push_back('\0'); }
  const std::string& str() const { return text_; }
  // With the size of all that was written before it, as every request begins.
  std::string framed() const {
    WireWriter size;
    size.number(static_cast<int32_t>(text_.size()));
    return size.text_ + text_;
  }

 private:
  std::string text_;
};

}  // namespace lakeward::connectors::kafka::fetch
