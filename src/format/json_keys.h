// Recognising the names of an object's members.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "format/bytes16.h"

namespace lakeward::format {

// A name as it usually stands in JSON, `,"name":`, compared without looking for its end. Readers
// give places that 16 readable bytes follow.
class KeyPattern {
 public:
  // Matches nothing.
  KeyPattern() = default;

  explicit KeyPattern(std::string_view name) : text_(",\"" + std::string(name) + "\":") {
    for (const char c : name) {
      // Such a name must be escaped, in one of several ways: KeyTable finds it.
      if (static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\') return;
    }
    length_ = text_.size();
    text_.copy(with_comma_.bytes, kBlock);
    text_.copy(without_comma_.bytes, kBlock, 1);
    with_comma_.mask = first_bits(length_);
    without_comma_.mask = first_bits(length_ - 1);
  }

  // The place behind `,"name":` if that is what stands at `p`, else nullptr.
  const char* match_next(const char* p, const char* end) const {
    return match(with_comma_, 0, p, end);
  }
  // The same for `"name":`.
  const char* match_first(const char* p, const char* end) const {
    return match(without_comma_, 1, p, end);
  }

 private:
  static constexpr size_t kBlock = 16;

  // The first bytes, and which of them count. The default is no text's beginning.
  struct Head {
    char bytes[kBlock] = {};
    uint32_t mask = ~uint32_t{0};
  };

  static uint32_t first_bits(size_t count) {
    return (uint32_t{1} << (count < kBlock ? count : kBlock)) - 1;
  }

  const char* match(const Head& head, size_t skipped, const char* p, const char* end) const {
    if ((Bytes16(p).equal(head.bytes) & head.mask) != head.mask) return nullptr;
    const size_t length = length_ - skipped;
    if (length > kBlock) [[unlikely]] {
      if (static_cast<size_t>(end - p) < length) return nullptr;
      if (std::memcmp(p + kBlock, text_.data() + skipped + kBlock, length - kBlock) != 0) {
        return nullptr;
      }
    }
    return p + length;
  }

  Head with_comma_;
  Head without_comma_;
  size_t length_ = 0;  // with the comma
  std::string text_;
};

// Finds a column by its name: a hash table with open addressing.
class KeyTable {
 public:
  static constexpr size_t kNone = ~size_t{0};

  explicit KeyTable(std::vector<std::string> names) : names_(std::move(names)) {
    size_t size = 16;
    while (size < names_.size() * 4) size *= 2;
    places_.resize(size, kNone);
    for (size_t i = 0; i < names_.size(); ++i) {
      size_t place = hash(names_[i]) & (size - 1);
      while (places_[place] != kNone) place = (place + 1) & (size - 1);
      places_[place] = i;
    }
  }

  // The number of the column of this name, or kNone.
  size_t find(std::string_view name) const {
    size_t place = hash(name) & (places_.size() - 1);
    while (places_[place] != kNone) {
      if (names_[places_[place]] == name) return places_[place];
      place = (place + 1) & (places_.size() - 1);
    }
    return kNone;
  }

 private:
  // Of the length, and of the first and last eight bytes: enough to tell names apart.
  static size_t hash(std::string_view name) {
    uint64_t head = 0;
    uint64_t tail = 0;
    if (name.size() >= sizeof(head)) {
      std::memcpy(&head, name.data(), sizeof(head));
      std::memcpy(&tail, name.data() + name.size() - sizeof(tail), sizeof(tail));
    } else {
      for (const char c : name) head = head << 8 | static_cast<unsigned char>(c);
    }
    uint64_t h = (head ^ name.size()) * 0x9E3779B97F4A7C15ULL;
    h = (h ^ h >> 32 ^ tail) * 0xD6E8FEB86659FD93ULL;
    return h ^ h >> 32;
  }

  std::vector<std::string> names_;
  std::vector<size_t> places_;
};

}  // namespace lakeward::format
