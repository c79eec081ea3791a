#include "engine/parquet/dictionary.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "engine/parquet/text.h"

namespace lakeward::engine::parquet {
namespace {

template <typename T>
T load(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

// Longer than what DuckDB keeps inline, so than eight bytes.
bool same_bytes(const char* a, const char* b, size_t size) {
  for (size_t i = 0; i + 8 < size; i += 8) {
    if (load<uint64_t>(a + i) != load<uint64_t>(b + i)) return false;
  }
  return load<uint64_t>(a + size - 8) == load<uint64_t>(b + size - 8);
}

}  // namespace

// Both forms of a duckdb_string_t begin with the size and four bytes of the text; the inline one is
// filled up with zeros.
TextDictionary::Key TextDictionary::key_of(const duckdb_string_t& text) const {
  const auto* bytes = reinterpret_cast<const char*>(&text);
  const Key key{load<uint64_t>(bytes), load<uint64_t>(bytes + 8)};
  if (is_inline(text)) return key;
  return {key.low, XXH3_64bits_withSeed(text.value.pointer.ptr, text.value.pointer.length, seed_)};
}

uint64_t TextDictionary::hash(const Key& key) const { return fold(key.low ^ seed_, key.high); }

uint32_t TextDictionary::code(const duckdb_string_t& text) {
  const Key key = key_of(text);
  const bool is_short = is_inline(text);
  bool added = false;
  const uint32_t code = table_.find_or_add(
      hash(key), entries_.size(), added,
      [&](uint32_t other) {
        const Entry& entry = entries_[other];
        return entry.key == key && (is_short || same_bytes(bytes_.data() + entry.at,
                                                           text.value.pointer.ptr, entry.size()));
      },
      [&](uint32_t other) { return hash(entries_[other].key); });
  if (!added) return code;
  const std::string_view bytes = view(text);
  append_text(bytes, bytes_);
  entries_.push_back({key, bytes_.size() - bytes.size()});
  return code;
}

void TextDictionary::clear() {
  bytes_.clear();
  entries_.clear();
  table_.clear();
}

}  // namespace lakeward::engine::parquet
