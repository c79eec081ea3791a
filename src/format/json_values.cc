#include "format/json_values.h"

#include <utility>

#include "format/base64.h"
#include "format/reasons.h"

namespace lakeward::format {

const char* JsonValueDecoder::decode_rarer(JsonColumn& column, const char* p, size_t row) {
  switch (column.kind) {
    case ColumnKind::kTinyint:
      return decode_integer<int8_t>(column, p, row);
    case ColumnKind::kSmallint:
      return decode_integer<int16_t>(column, p, row);
    case ColumnKind::kUtinyint:
      return decode_integer<uint8_t>(column, p, row);
    case ColumnKind::kUsmallint:
      return decode_integer<uint16_t>(column, p, row);
    case ColumnKind::kUinteger:
      return decode_integer<uint32_t>(column, p, row);
    case ColumnKind::kUbigint:
      return decode_integer<uint64_t>(column, p, row);
    case ColumnKind::kDate:
      return decode_date(column, p, row);
    case ColumnKind::kBlob:
      return decode_blob(column, p, row);
    case ColumnKind::kListText:
    case ColumnKind::kObjectText:
    case ColumnKind::kJsonText:
      return decode_json_text(column, p, row);
    default:
      CHECK(false, "the other kinds are decode()'s");
  }
}

// What JSON has no number for, as Spark's to_json writes it.
template <typename T>
const char* JsonValueDecoder::decode_special_real(JsonColumn& column, const char* p, size_t row) {
  using Limits = std::numeric_limits<T>;
  static constexpr std::pair<std::string_view, T> kSpecial[] = {
      {"NaN", Limits::quiet_NaN()},
      {"Infinity", Limits::infinity()},
      {"-Infinity", -Limits::infinity()},
  };
  std::string_view text;
  const char* const end = read_string(p, text);
  if (end == nullptr) return nullptr;
  for (const auto& [name, value] : kSpecial) {
    if (name != text) continue;
    column.set<T>(row, value);
    return end;
  }
  return refuse_value(column, p, false);
}
template const char* JsonValueDecoder::decode_special_real<float>(JsonColumn&, const char*, size_t);
template const char* JsonValueDecoder::decode_special_real<double>(JsonColumn&, const char*,
                                                                   size_t);

const char* JsonValueDecoder::set_unescaped(JsonColumn& column, const char* text, const char* end,
                                            size_t row) {
  if (column.data != nullptr) {
    scratch_.clear();
    append_unescaped({text, static_cast<size_t>(end - text)}, scratch_);
    column.writer->set_copied_string(row, scratch_);
  }
  return end + 1;
}

const char* JsonValueDecoder::decode_scalar_text(JsonColumn& column, const char* p, size_t row) {
  if (*p == 'n' || *p == '{' || *p == '[') return decode_other(column, p, row, NumberError::kNone);
  const char* const end = scanner_.skip_number_or_literal(p);
  if (end != nullptr && column.data != nullptr) {
    column.writer->set_stable_string(row, p, static_cast<size_t>(end - p));
  }
  return end;
}

const char* JsonValueDecoder::decode_other_timestamp(JsonColumn& column, const char* p,
                                                     size_t row) {
  if (*p != '"') return decode_other(column, p, row, NumberError::kNone);
  std::string_view text;
  const char* const end = read_string(p, text);
  if (end == nullptr) return nullptr;
  const std::optional<int64_t> value = parse_timestamp(text, dates_);
  if (!value) return refuse_value(column, p, false);
  column.set(row, *value);
  return end;
}

const char* JsonValueDecoder::decode_date(JsonColumn& column, const char* p, size_t row) {
  if (*p != '"') return decode_other(column, p, row, NumberError::kNone);
  std::string_view text;
  const char* const end = read_string(p, text);
  if (end == nullptr) return nullptr;
  const std::optional<int32_t> value = parse_date(text);
  if (!value) return refuse_value(column, p, false);
  column.set(row, *value);
  return end;
}

const char* JsonValueDecoder::decode_blob(JsonColumn& column, const char* p, size_t row) {
  if (*p != '"') return decode_other(column, p, row, NumberError::kNone);
  std::string_view text;
  const char* const end = read_string(p, text);
  if (end == nullptr) return nullptr;
  const std::optional<std::string> bytes = decode_base64(text);
  if (!bytes) return refuse_value(column, p, false);
  if (column.writer != nullptr) column.writer->set_copied_string(row, *bytes);
  return end;
}

const char* JsonValueDecoder::decode_json_text(JsonColumn& column, const char* p, size_t row) {
  const bool fits = column.kind == ColumnKind::kJsonText ||
                    *p == (column.kind == ColumnKind::kListText ? '[' : '{');
  if (*p == 'n' || !fits) return decode_other(column, p, row, NumberError::kNone);
  const char* const end = scanner_.skip_value(p);
  if (end != nullptr && column.writer != nullptr) {
    column.writer->set_stable_string(row, p, static_cast<size_t>(end - p));
  }
  return end;
}

const char* JsonValueDecoder::decode_other(JsonColumn& column, const char* p, size_t row,
                                           NumberError error) {
  if (std::memcmp(p, "null", 4) == 0) {
    column.set_null(row);
    return p + 4;
  }
  return refuse_value(column, p, error == NumberError::kOutOfRange);
}

const char* JsonValueDecoder::read_string(const char* p, std::string_view& text) {
  const char* const first = p + 1;
  bool escaped = false;
  p = scanner_.string_end(first, escaped);
  if (p == nullptr) return nullptr;
  text = {first, static_cast<size_t>(p - first)};
  if (escaped) {
    scratch_.clear();
    append_unescaped(text, scratch_);
    text = scratch_;
  }
  return p + 1;
}

const char* JsonValueDecoder::refuse(const JsonColumn& column, std::string_view why) {
  refuse("'" + column.declared->name + "'" + std::string(why));
  return nullptr;
}

void JsonValueDecoder::refuse(std::string why) {
  refused_ = true;
  refusal_ = std::move(why);
}

// The value at `p` is not of the column's type, or no JSON value at all.
const char* JsonValueDecoder::refuse_value(const JsonColumn& column, const char* p,
                                           bool out_of_range) {
  const std::string& type = column.declared->type;
  if (*p == '{' || *p == '[') {
    return refuse(column, std::string(*p == '{' ? ": an object" : ": an array") + " is not " +
                              with_article(type));
  }
  const char* const end = scanner_.skip_value(p);
  if (end == nullptr) return nullptr;
  const std::string text = excerpt({p, static_cast<size_t>(end - p)});
  if (out_of_range) return refuse(column, ": " + text + " is out of range for " + type);
  std::string why = ": " + text + " is not " + with_article(type);
  if (*p == '"' && column.kind == ColumnKind::kDate) why += " (yyyy-MM-dd)";
  if (*p == '"' && column.kind == ColumnKind::kBlob) why += " in base64";
  if (*p == '"' &&
      (column.kind == ColumnKind::kTimestamp || column.kind == ColumnKind::kTimestampTz)) {
    why += " (yyyy-MM-ddTHH:mm:ss[.fraction][zone])";
  }
  return refuse(column, why);
}

std::string JsonValueDecoder::reason() const {
  return refused_ ? refusal_ : "malformed JSON: " + scanner_.error();
}

}  // namespace lakeward::format
