// The texts of a column's values as JSON, one type at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/column_type.h"
#include "engine/vector_view.h"
#include "format/json_text.h"

namespace lakeward::format {

// One text a value, one behind the other.
class JsonTexts {
 public:
  size_t size() const { return ends_.size(); }
  std::string_view operator[](size_t i) const {
    const size_t begin = i == 0 ? 0 : ends_[i - 1];
    return {bytes_.get() + begin, ends_[i] - begin};
  }
  size_t bytes() const { return used_; }

  void clear() {
    used_ = 0;
    ends_.clear();
  }
  // Room for so many bytes behind the last text.
  char* room(size_t wanted) {
    if (capacity_ - used_ < wanted) grow(wanted);
    return bytes_.get() + used_;
  }
  // Ends a text that was written into the room.
  void end_at(const char* end) {
    used_ = static_cast<size_t>(end - bytes_.get());
    ends_.push_back(used_);
  }
  void add(std::string_view text) {
    char* to = room(text.size());
    std::memcpy(to, text.data(), text.size());
    end_at(to + text.size());
  }

 private:
  void grow(size_t wanted) {
    capacity_ = std::max(capacity_ * 2, used_ + wanted);
    std::unique_ptr<char[]> bytes(new char[capacity_]);
    if (used_ > 0) std::memcpy(bytes.get(), bytes_.get(), used_);
    bytes_ = std::move(bytes);
  }

  std::unique_ptr<char[]> bytes_;
  size_t capacity_ = 0;
  size_t used_ = 0;
  std::vector<size_t> ends_;
};

// `text` as a JSON string.
std::string quoted_json(const std::string& text);

// A column, or a nested part of one: makes the texts of all its values, one type at a time.
class JsonColumnTexts {
 public:
  explicit JsonColumnTexts(const engine::ColumnType& type) : type_(type) {
    for (const engine::TypedColumn& child : type_.children) {
      children_.emplace_back(child.type);
      names_.push_back((names_.empty() ? "{" : ",") + quoted_json(child.name) + ":");
    }
    for (const std::string& symbol : type_.symbols) symbols_.push_back(quoted_json(symbol));
  }

  const JsonTexts& texts() const { return texts_; }
  void write(const engine::VectorView& values, size_t count);
  // Whether a NaN or an infinity was among the values.
  bool holds_non_finite() const {
    return non_finite_ ||
           std::any_of(children_.begin(), children_.end(),
                       [](const JsonColumnTexts& child) { return child.holds_non_finite(); });
  }

 private:
  // `write_one(to, row)` writes a value of at most kMaxScalarBytes.
  template <typename WriteOne>
  void write_scalars(const engine::VectorView& values, size_t count, WriteOne write_one);
  template <typename T>
  void write_wholes(const engine::VectorView& values, size_t count);
  template <typename T>
  void write_reals(const engine::VectorView& values, size_t count);
  template <typename T>
  void write_decimals(const engine::VectorView& values, size_t count);
  void write_huge_decimals(const engine::VectorView& values, size_t count);
  template <typename T>
  void write_symbols(const engine::VectorView& values, size_t count);
  template <typename Bound, typename Write>
  void write_strings(const engine::VectorView& values, size_t count, Bound bound, Write write);
  void write_timestamps(const engine::VectorView& values, size_t count, int64_t per_second);
  bool write_number(const engine::VectorView& values, size_t count);
  bool write_temporal(const engine::VectorView& values, size_t count);
  void write_lists(const engine::VectorView& values, size_t count);
  void write_maps(const engine::VectorView& values, size_t count);
  void write_structs(const engine::VectorView& values, size_t count);

  engine::ColumnType type_;
  std::vector<JsonColumnTexts> children_;
  std::vector<std::string> names_;    // of the fields, with what stands around them
  std::vector<std::string> symbols_;  // of an ENUM, quoted
  JsonTexts texts_;
  bool non_finite_ = false;
};

}  // namespace lakeward::format
