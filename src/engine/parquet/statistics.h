// The least and the greatest value of a column.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "engine/column_type.h"

namespace lakeward::engine::parquet {

// In Parquet's plain encoding, a text without its length (parquet.thrift, Statistics).
struct PlainBounds {
  std::string min;
  std::string max;
};

template <typename T>
class NumberBounds {
 public:
  void add(T value) {
    if constexpr (std::is_floating_point_v<T>) has_nan_ |= value != value;
    if (value < min_) min_ = value;
    if (value > max_) max_ = value;
    // NaN compares with nothing; infinity alone must not look as if there were no value.
    any_ |= value == value;
  }
  void add(const NumberBounds& other) {
    if (other.min_ < min_) min_ = other.min_;
    if (other.max_ > max_) max_ = other.max_;
    has_nan_ |= other.has_nan_;
    any_ |= other.any_;
  }
  void clear() { *this = NumberBounds(); }
  bool any() const { return any_; }
  bool has_nan() const { return has_nan_; }
  T min() const { return min_; }
  T max() const { return max_; }

  // nullopt if there are none, or a NaN, with which they say nothing.
  std::optional<PlainBounds> plain() const {
    if (!any_ || has_nan_) return std::nullopt;
    // parquet.thrift, ColumnOrder: a zero may be of either sign.
    const T low = min_ == T{0} && std::is_floating_point_v<T> ? -T{0} : min_;
    const T high = max_ == T{0} ? T{0} : max_;
    return PlainBounds{bytes(low), bytes(high)};
  }

 private:
  static std::string bytes(T value) {
    return {reinterpret_cast<const char*>(&value), sizeof(value)};
  }
  static constexpr T highest() {
    if constexpr (std::is_floating_point_v<T>) return std::numeric_limits<T>::infinity();
    return std::numeric_limits<T>::max();
  }
  static constexpr T lowest() {
    if constexpr (std::is_floating_point_v<T>) return -std::numeric_limits<T>::infinity();
    return std::numeric_limits<T>::min();
  }

  T min_ = highest();
  T max_ = lowest();
  bool any_ = false;
  bool has_nan_ = false;
};

// By their bytes, unsigned: for UTF-8 the order of the characters' numbers.
class TextBounds {
 public:
  void add(std::string_view text);
  void add(const TextBounds& other);
  void clear() { *this = TextBounds(); }
  bool any() const { return any_; }
  const std::string& min() const { return min_; }
  const std::string& max() const { return max_; }
  // nullopt also if one is longer than what a footer should hold.
  std::optional<PlainBounds> plain() const;

 private:
  std::string min_;
  std::string max_;
  bool any_ = false;
};

// DuckDB's text of a number as it is stored, or another that reads the same; nullopt for dates and
// times before the year 1 and after 9999, infinity among them.
std::optional<std::string> value_text(const ColumnType& type, int64_t value);
std::optional<std::string> value_text(const ColumnType& type, double value);
std::optional<std::string> value_text(const ColumnType& type, float value);

}  // namespace lakeward::engine::parquet
