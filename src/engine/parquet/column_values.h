// The values of a page, by kind: what LeafEncoder (column_encoder.cc) needs to know of them.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "engine/parquet/dictionary.h"
#include "engine/parquet/statistics.h"
#include "engine/parquet/text.h"
#include "engine/vector_view.h"

namespace lakeward::engine::parquet {

// How much of a vector goes into a page before it is asked whether it is full.
struct Room {
  size_t rows = 0;
  size_t bytes = 0;  // of these rows' values, about, if each is stored
};

// DuckDB's `Source` numbers, stored as `Stored`.
template <typename Stored, typename Source>
class NumberValues {
 public:
  using Bounds = NumberBounds<Stored>;
  static constexpr bool kHasDictionary = true;

  explicit NumberValues(uint64_t seed) : dictionary_(seed) {}

  void code(const VectorView& column, size_t begin, size_t end, uint32_t* codes) {
    const auto* values = column.data<Source>();
    for (size_t row = begin; row < end; ++row) *codes++ = dictionary_.code(values[row]);
  }
  void add(const VectorView& column, size_t begin, size_t end) {
    const auto* values = column.data<Source>();
    plain_.insert(plain_.end(), values + begin, values + end);
    for (size_t row = begin; row < end; ++row) bounds_.add(values[row]);
  }
  // What of the rows from `row` to `rows`.
  static Room room(const VectorView&, size_t row, size_t rows) {
    return {rows - row, (rows - row) * sizeof(Stored)};
  }
  size_t held() const {
    return plain_.size() * sizeof(Stored) + dictionary_.size() * 2 * sizeof(Stored);
  }

  size_t dictionary_size() const { return dictionary_.size(); }
  size_t dictionary_bytes() const { return dictionary_.size() * sizeof(Stored); }
  void append_dictionary(std::string& body) const { append(dictionary_.values(), body); }
  void append_plain(std::span<const uint32_t> codes, std::string& body) const {
    for (const uint32_t code : codes) append_one(dictionary_.values()[code], body);
  }
  // Takes what was add()ed since the last call.
  void take_plain(std::string& body) {
    append(plain_, body);
    plain_.clear();
  }
  void clear_dictionary() {
    for (const Stored value : dictionary_.values()) bounds_.add(value);
    dictionary_.clear();
  }
  // Complete only once the dictionary is cleared.
  Bounds& bounds() { return bounds_; }

 private:
  static void append_one(Stored value, std::string& body) {
    body.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  static void append(const std::vector<Stored>& values, std::string& body) {
    body.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Stored));
  }

  NumberDictionary<Stored> dictionary_;
  std::vector<Stored> plain_;
  Bounds bounds_;
};

class TextValues {
 public:
  using Bounds = TextBounds;
  static constexpr bool kHasDictionary = true;

  explicit TextValues(uint64_t seed) : dictionary_(seed) {}

  void code(const VectorView& column, size_t begin, size_t end, uint32_t* codes) {
    const auto* texts = column.data<duckdb_string_t>();
    for (size_t row = begin; row < end; ++row) *codes++ = dictionary_.code(texts[row]);
  }
  void add(const VectorView& column, size_t begin, size_t end) {
    const auto* texts = column.data<duckdb_string_t>();
    for (size_t row = begin; row < end; ++row) {
      const std::string_view text = view(texts[row]);
      bounds_.add(text);
      append_text(text, plain_);
    }
  }
  static Room room(const VectorView& column, size_t row, size_t rows);
  size_t held() const { return plain_.size() + dictionary_.bytes().size(); }

  size_t dictionary_size() const { return dictionary_.size(); }
  size_t dictionary_bytes() const { return dictionary_.bytes().size(); }
  void append_dictionary(std::string& body) const { body += dictionary_.bytes(); }
  void append_plain(std::span<const uint32_t> codes, std::string& body) const {
    for (const uint32_t code : codes) append_text(dictionary_.text(code), body);
  }
  void take_plain(std::string& body) {
    body += plain_;
    plain_.clear();
  }
  void clear_dictionary();
  Bounds& bounds() { return bounds_; }

 private:
  TextDictionary dictionary_;
  std::string plain_;
  Bounds bounds_;
};

// Bits; a dictionary would not be smaller.
class BooleanValues {
 public:
  using Bounds = NumberBounds<int8_t>;
  static constexpr bool kHasDictionary = false;

  explicit BooleanValues(uint64_t) {}

  void add(const VectorView& column, size_t begin, size_t end) {
    const auto* values = column.data<bool>();
    for (size_t row = begin; row < end; ++row) {
      bounds_.add(int8_t{values[row]});
      if (count_ % 8 == 0) bits_ += '\0';
      bits_.back() = static_cast<char>(bits_.back() | (int{values[row]} << (count_ % 8)));
      ++count_;
    }
  }
  static Room room(const VectorView&, size_t row, size_t rows) {
    return {rows - row, (rows - row + 7) / 8};
  }
  size_t held() const { return bits_.size(); }
  void take_plain(std::string& body) {
    body += bits_;
    bits_.clear();
    count_ = 0;
  }
  Bounds& bounds() { return bounds_; }

 private:
  std::string bits_;
  size_t count_ = 0;
  Bounds bounds_;
};

}  // namespace lakeward::engine::parquet
