#include "delta/values.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/units.h"
#include "engine/sql_text.h"

namespace lakeward::delta {
namespace {

constexpr std::string_view kHiveNull = "__HIVE_DEFAULT_PARTITION__";

// "2020-01-01T00:00:00.123456Z" as "2020-01-01 00:00:00.123456".
std::string without_zone(std::string text) {
  std::replace(text.begin(), text.end(), 'T', ' ');
  if (text.ends_with('Z')) text.pop_back();
  return text;
}

Status out_of_years(const std::string& value) {
  return unsupported("the value " + value +
                     " is not within the years 1 to 9999 that Delta can write of a partition "
                     "column; let an expectation reject such rows: {check: \"COLUMN BETWEEN "
                     "'0001-01-01' AND '9999-12-31'\", otherwise: dead_letter}");
}

// Four digits of a year, as DuckDB writes others otherwise.
bool is_plain_date(std::string_view text) {
  return text.size() >= 10 && text[4] == '-' && text[7] == '-' && !text.ends_with("(BC)");
}

}  // namespace

std::optional<Timestamp> parse_instant(std::string_view text) {
  // Years of four digits only: the texts of others are not ISO 8601.
  if (!is_plain_date(text)) return std::nullopt;
  const auto parsed = parse_timestamp(text);
  if (!parsed.ok()) return std::nullopt;
  return *parsed;
}

Result<std::optional<std::string>> partition_text(const DataType& type,
                                                  const std::optional<std::string>& value) {
  if (!value || value->empty()) return std::optional<std::string>();
  const std::string& name = type.primitive;
  if (name == "timestamp" || name == "timestamp_ntz") {
    const auto instant = parse_instant(*value);
    if (!instant) {
      return out_of_years(*value);
    }
    const std::string text = format_timestamp(*instant, true);
    return std::optional<std::string>(name == "timestamp" ? text : without_zone(text));
  }
  if (name == "date" && !is_plain_date(*value)) return out_of_years(*value);
  if (name == "float" || name == "double") {
    if (*value == "inf") return std::optional<std::string>("Infinity");
    if (*value == "-inf") return std::optional<std::string>("-Infinity");
    if (*value == "nan") return std::optional<std::string>("NaN");
  }
  return value;
}

namespace {

// SQL text cannot hold a NUL character; a string may, and one row of it must not make the rest of
// the table unreadable.
std::string literal_of_any_text(std::string_view text) {
  std::string sql;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\0', begin), text.size());
    if (begin > 0) sql += " || chr(0) || ";
    sql += engine::quote_literal(std::string(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return text.find('\0') == std::string_view::npos ? sql : "(" + sql + ")";
}

}  // namespace

Result<std::string> partition_literal(const DataType& type,
                                      const std::optional<std::string>& value) {
  if (!value || value->empty() || *value == kHiveNull) return std::string("NULL");
  const std::string& name = type.primitive;
  if (name == "timestamp" || name == "timestamp_ntz") {
    const auto instant = parse_instant(*value);
    if (!instant) return corruption("the partition value '" + *value + "' is not a timestamp");
    const std::string text = format_timestamp(*instant, true);
    return engine::quote_literal(name == "timestamp" ? text : without_zone(text));
  }
  return literal_of_any_text(*value);
}

}  // namespace lakeward::delta
