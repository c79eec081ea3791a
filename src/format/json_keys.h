// Recognising the names of an object's members.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "format/bytes16.h"

namespace lakeward::format {

// A name as it usually stands in JSON, `"name":`, compared without looking for its end.
class KeyPattern {
 public:
  explicit KeyPattern(std::string_view name) : text_('"' + std::string(name) + "\":") {
    length_ = text_.size();
    text_.resize(text_.size() + kBlock, '\0');
    for (const char c : name) {
      // Such a name must be escaped, in one of several ways: see KeyTable.
      if (static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\') length_ = 0;
    }
    const size_t first = length_ < kBlock ? length_ : kBlock;
    mask_ = (uint32_t{1} << first) - 1;
  }

  size_t length() const { return length_; }

  // Whether the text [p, end) begins with the name; 16 bytes behind `end` must be readable.
  bool matches(const char* p, const char* end) const {
    if ((Bytes16(p).equal(text_.data()) & mask_) != mask_) return false;
    if (length_ > kBlock) return matches_rest(p, end);
    return length_ != 0;
  }

 private:
  static constexpr size_t kBlock = 16;

  bool matches_rest(const char* p, const char* end) const {
    return static_cast<size_t>(end - p) >= length_ &&
           std::memcmp(p + kBlock, text_.data() + kBlock, length_ - kBlock) == 0;
  }

  std::string text_;
  size_t length_ = 0;  // 0: never matches
  uint32_t mask_ = 0;
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

  size_t find(std::string_view name) const {
    size_t place = hash(name) & (places_.size() - 1);
    while (places_[place] != kNone) {
      if (names_[places_[place]] == name) return places_[place];
      place = (place + 1) & (places_.size() - 1);
    }
    return kNone;
  }

 private:
  // The length, and the first and last eight bytes: enough to tell names apart.
  static size_t hash(std::string_view name) {
    uint64_t head = 0;
    uint64_t tail = 0;
    const size_t n = name.size() < sizeof(head) ? name.size() : sizeof(head);
    if (n == sizeof(head)) {
      std::memcpy(&head, name.data(), sizeof(head));
      std::memcpy(&tail, name.data() + name.size() - sizeof(tail), sizeof(tail));
    } else {
      for (size_t i = 0; i < n; ++i) head = head << 8 | static_cast<unsigned char>(name[i]);
    }
    uint64_t h = (head ^ name.size()) * 0x9E3779B97F4A7C15ULL;
    h = (h ^ h >> 32 ^ tail) * 0xD6E8FEB86659FD93ULL;
    return h ^ h >> 32;
  }

  std::vector<std::string> names_;
  std::vector<size_t> places_;
};

}  // namespace lakeward::format
