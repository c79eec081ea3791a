#include "engine/parquet/statistics.h"

#include <array>
#include <charconv>

#include "base/units.h"

namespace lakeward::engine::parquet {
namespace {

constexpr size_t kLongestBound = 256;

constexpr int64_t kDay = 86'400'000'000;  // microseconds
constexpr int64_t kFirstDay = -719'162;   // 0001-01-01
constexpr int64_t kLastDay = 2'932'896;   // 9999-12-31
constexpr size_t kDateSize = sizeof("9999-12-31") - 1;

template <typename T>
std::string shortest(T value) {
  std::array<char, 64> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end};
}

std::string decimal_text(int64_t value, int scale) {
  const bool negative = value < 0;
  std::string digits = std::to_string(value).substr(negative ? 1 : 0);
  const auto places = static_cast<size_t>(scale);
  if (places > 0) {
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    digits.insert(digits.size() - places, 1, '.');
  }
  return negative ? "-" + digits : digits;
}

}  // namespace

void TextBounds::add(std::string_view text) {
  if (!any_) {
    min_ = max_ = text;
    any_ = true;
  } else if (text < min_) {
    min_ = text;
  } else if (text > max_) {
    max_ = text;
  }
}

void TextBounds::add(const TextBounds& other) {
  if (!other.any_) return;
  add(other.min_);
  add(other.max_);
}

std::optional<PlainBounds> TextBounds::plain() const {
  if (!any_ || min_.size() > kLongestBound || max_.size() > kLongestBound) return std::nullopt;
  return PlainBounds{min_, max_};
}

std::optional<std::string> value_text(const ColumnType& type, int64_t value) {
  switch (type.id) {
    case DUCKDB_TYPE_BOOLEAN:
      return value != 0 ? "true" : "false";
    case DUCKDB_TYPE_DECIMAL:
      return decimal_text(value, type.scale);
    case DUCKDB_TYPE_DATE:
      if (value < kFirstDay || value > kLastDay) return std::nullopt;
      return format_timestamp(Timestamp{value * kDay}).substr(0, kDateSize);
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      if (value < kFirstDay * kDay || value >= (kLastDay + 1) * kDay) return std::nullopt;
      return format_timestamp(Timestamp{value}, true);
    default:
      return std::to_string(value);
  }
}

std::optional<std::string> value_text(const ColumnType&, double value) { return shortest(value); }
std::optional<std::string> value_text(const ColumnType&, float value) { return shortest(value); }

}  // namespace lakeward::engine::parquet
