// The primitive values of Avro's binary encoding, read with bounds. In a header because it is the
// hot path.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "format/record_batch.h"

namespace lakeward::format::avro {

// The bytes of one record. Functions take the place to read at and return the place behind what
// they read, or nullptr after an error, which error() then tells. kPadding readable bytes follow
// the end: small values are read first, and their end is looked at then.
class Input {
 public:
  // Levels of nested values. More are refused.
  static constexpr int kMaxDepth = 200;

  void start(const char* begin, const char* end) {
    begin_ = begin;
    end_ = end;
    items_left_ = static_cast<uint64_t>(end - begin) + kFreeItems;
    what_ = nullptr;
  }
  const char* end() const { return end_; }

  // Reads other bytes for a while: a default's. Returns the end of those before.
  const char* swap_end(const char* end) {
    const char* before = end_;
    end_ = end;
    return before;
  }

  [[gnu::always_inline]] const char* read_long(const char* p, int64_t& value) {
    static_assert(kPadding >= 10);
    auto byte = static_cast<unsigned char>(*p++);
    uint64_t bits = byte & 0x7F;
    if (byte >= 0x80) [[unlikely]] {
      int shift = 7;
      do {
        byte = static_cast<unsigned char>(*p++);
        bits |= static_cast<uint64_t>(byte & 0x7F) << shift;
        shift += 7;
        if (shift > 63 && byte > 1) return fail("a number of more than 64 bits", p);
      } while (byte >= 0x80);
    }
    if (p > end_) [[unlikely]] {
      return fail("the record ends in a value", end_);
    }
    value = static_cast<int64_t>(bits >> 1) ^ -static_cast<int64_t>(bits & 1);
    return p;
  }

  [[gnu::always_inline]] const char* read_int(const char* p, int64_t& value) {
    const char* const next = read_long(p, value);
    if (next != nullptr && value != static_cast<int32_t>(value)) [[unlikely]] {
      return fail("an int of more than 32 bits", p);
    }
    return next;
  }

  // T: float, double.
  template <typename T>
  [[gnu::always_inline]] const char* read_bits(const char* p, T& value) {
    static_assert(kPadding >= sizeof(T));
    std::memcpy(&value, p, sizeof(T));
    return p + sizeof(T) > end_ ? fail("the record ends in a value", end_) : p + sizeof(T);
  }

  const char* read_boolean(const char* p, bool& value) {
    if (p >= end_) return fail("the record ends in a value", end_);
    if (static_cast<unsigned char>(*p) > 1) return fail("a boolean that is neither 0 nor 1", p);
    value = *p != 0;
    return p + 1;
  }

  // Of a bytes or string.
  [[gnu::always_inline]] const char* read_bytes(const char* p, std::string_view& bytes) {
    int64_t length = 0;
    const char* const first = read_long(p, length);
    if (first == nullptr) return nullptr;
    return read_fixed(first, static_cast<uint64_t>(length), bytes);
  }

  [[gnu::always_inline]] const char* read_fixed(const char* p, uint64_t size,
                                                std::string_view& bytes) {
    if (size > static_cast<uint64_t>(end_ - p)) [[unlikely]] {
      return fail("a length that goes beyond the record's end", p);
    }
    bytes = {p, static_cast<size_t>(size)};
    return p + size;
  }

  // The head of the next block of an array or map. `count` 0: there is none. `bytes` is the size
  // of the block where it is known, else -1.
  const char* read_block(const char* p, uint64_t& count, int64_t& bytes) {
    int64_t number = 0;
    bytes = -1;
    p = read_long(p, number);
    if (p == nullptr) return nullptr;
    count = static_cast<uint64_t>(number);
    if (number < 0) {
      count = uint64_t{0} - count;
      p = read_long(p, bytes);
      if (p == nullptr) return nullptr;
      if (bytes < 0 || bytes > end_ - p) {
        return fail("a block's size that goes beyond the record's end", p);
      }
    }
    // Only items of no size can be more than there are bytes.
    if (count > items_left_) return fail("more items than the record has room for", p);
    items_left_ -= count;
    return p;
  }

  // Notes the first error.
  [[gnu::cold]] const char* fail(const char* what, const char* place) {
    if (what_ == nullptr) {
      what_ = what;
      place_ = place;
    }
    return nullptr;
  }
  // "the record ends in a value at byte 17"
  std::string error() const {
    const auto at = place_ >= begin_ && place_ <= end_ ? place_ - begin_ : 0;
    return std::string(what_ == nullptr ? "" : what_) + " at byte " + std::to_string(at);
  }

 private:
  static constexpr uint64_t kFreeItems = 65'536;

  const char* begin_ = nullptr;
  const char* end_ = nullptr;
  uint64_t items_left_ = 0;
  const char* what_ = nullptr;
  const char* place_ = nullptr;
};

}  // namespace lakeward::format::avro
