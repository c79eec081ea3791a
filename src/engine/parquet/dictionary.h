// The distinct values of a column, numbered as they come. Parquet format, "Dictionary Encoding".
#pragma once

#include <duckdb.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace lakeward::engine::parquet {

// Open addressing over numbers that the caller compares: a slot holds a code + 1, or 0.
class SlotTable {
 public:
  SlotTable() : slots_(kFirstSlots) {}

  // The code for which `is_same(code)`, or the next one, of which `added` tells: `size` is how many
  // there are. `hash_of(code)` is asked when the table grows.
  template <typename IsSame, typename HashOf>
  uint32_t find_or_add(uint64_t hash, size_t size, bool& added, IsSame is_same, HashOf hash_of) {
    if (2 * (size + 1) > slots_.size()) grow(size, hash_of);
    size_t at = hash & (slots_.size() - 1);
    while (slots_[at] != 0) {
      if (is_same(slots_[at] - 1)) {
        added = false;
        return slots_[at] - 1;
      }
      at = (at + 1) & (slots_.size() - 1);
    }
    added = true;
    slots_[at] = static_cast<uint32_t>(size + 1);
    return static_cast<uint32_t>(size);
  }
  void clear() { slots_.assign(kFirstSlots, 0); }

 private:
  static constexpr size_t kFirstSlots = 256;

  template <typename HashOf>
  void grow(size_t size, HashOf hash_of) {
    slots_.assign(slots_.size() * 4, 0);
    for (size_t code = 0; code < size; ++code) {
      size_t at = hash_of(static_cast<uint32_t>(code)) & (slots_.size() - 1);
      while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = static_cast<uint32_t>(code + 1);
    }
  }

  std::vector<uint32_t> slots_;
};

// Two numbers mixed into one: a product of 128 bits, folded, as wyhash does it.
inline uint64_t fold(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{a ^ 0x9E3779B97F4A7C15U} * (b ^ 0xE7037ED1A0B428DBU);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// Numbers that are the same have the same bits: 0.0 and -0.0 are two, a NaN is itself. `seed`: so
// that nobody can make numbers that collide.
template <typename T>
class NumberDictionary {
 public:
  explicit NumberDictionary(uint64_t seed) : seed_(seed) {}

  uint32_t code(T value) {
    bool added = false;
    const uint32_t code = table_.find_or_add(
        hash(value), values_.size(), added,
        [&](uint32_t other) { return bits(values_[other]) == bits(value); },
        [&](uint32_t other) { return hash(values_[other]); });
    if (added) values_.push_back(value);
    return code;
  }
  const std::vector<T>& values() const { return values_; }
  size_t size() const { return values_.size(); }
  void clear() {
    values_.clear();
    table_.clear();
  }

 private:
  using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  static Bits bits(T value) { return std::bit_cast<Bits>(value); }
  uint64_t hash(T value) const { return fold(bits(value) ^ seed_, 0); }

  uint64_t seed_;
  std::vector<T> values_;
  SlotTable table_;
};

// Texts, in Parquet's plain encoding: the length in four bytes, then the bytes.
class TextDictionary {
 public:
  // `seed`: as above.
  explicit TextDictionary(uint64_t seed) : seed_(seed) {}

  uint32_t code(const duckdb_string_t& text);
  std::string_view text(uint32_t code) const {
    const Entry& entry = entries_[code];
    return {bytes_.data() + entry.at, entry.size()};
  }
  size_t size() const { return entries_.size(); }
  const std::string& bytes() const { return bytes_; }
  void clear();

 private:
  // A short text is its key; of a longer one, the key has size, first bytes and hash.
  struct Key {
    uint64_t low;
    uint64_t high;
    bool operator==(const Key&) const = default;
  };
  struct Entry {
    Key key;
    size_t at;
    uint32_t size() const { return static_cast<uint32_t>(key.low); }
  };
  Key key_of(const duckdb_string_t& text) const;
  uint64_t hash(const Key& key) const;

  uint64_t seed_;
  std::string bytes_;
  std::vector<Entry> entries_;
  SlotTable table_;
};

}  // namespace lakeward::engine::parquet
