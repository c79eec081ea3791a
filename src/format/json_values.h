// JSON values into the engine's columns. In a header because it is the hot path: the inside of
// json_decoder.cc.
#pragma once

#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "engine/chunk_writer.h"
#include "format/column_kind.h"
#include "format/json_keys.h"
#include "format/json_scanner.h"
#include "format/temporal_text.h"
#include "format/text_cell.h"

namespace lakeward::format {

// One declared column while a batch is decoded.
struct JsonColumn {
  KeyPattern key;
  ColumnKind kind = ColumnKind::kVarchar;
  size_t next = 0;                         // the column that followed this one the last time
  uint64_t seen = 0;                       // the number of the record that had it last
  engine::ColumnWriter* writer = nullptr;  // nullptr: the query does not use it
  void* data = nullptr;                    // the writer's
  const engine::Column* declared = nullptr;

  void set_null(size_t row) {
    if (writer != nullptr) writer->set_null(row);
  }
  template <typename T>
  void set(size_t row, T value) {
    if (data != nullptr) static_cast<T*>(data)[row] = value;
  }
};

// Decodes the values of one record after the other. decode() takes the place of a value's first
// character and returns the place behind it, or nullptr after an error, which reason() then tells.
class JsonValueDecoder {
 public:
  JsonScanner& scanner() { return scanner_; }

  void start(const char* begin, const char* end) {
    scanner_.start(begin, end);
    refused_ = false;
  }

  [[gnu::always_inline]] const char* decode(JsonColumn& column, const char* p, size_t row) {
    switch (column.kind) {
      case ColumnKind::kVarchar:
      case ColumnKind::kScalarText:
        return decode_text(column, p, row);
      case ColumnKind::kTimestamp:
      case ColumnKind::kTimestampTz:
        return decode_timestamp(column, p, row);
      case ColumnKind::kDouble:
        return decode_real<double>(column, p, row);
      case ColumnKind::kFloat:
        return decode_real<float>(column, p, row);
      case ColumnKind::kInteger:
        return decode_integer<int32_t>(column, p, row);
      case ColumnKind::kBigint:
        return decode_integer<int64_t>(column, p, row);
      case ColumnKind::kBoolean:
        return decode_boolean(column, p, row);
      default:
        return decode_rarer(column, p, row);
    }
  }

  // Refuses the record for `why`, which follows the column's name in quotes.
  [[gnu::cold]] const char* refuse(const JsonColumn& column, std::string_view why);
  // Refuses it for a reason that has nothing to do with a column.
  [[gnu::cold]] void refuse(std::string why);
  std::string reason() const;

 protected:
  // The string at `p` as text; `scratch_` holds it if it has escapes.
  const char* read_string(const char* p, std::string_view& text);

 private:
  [[gnu::always_inline]] const char* decode_text(JsonColumn& column, const char* p, size_t row) {
    if (*p != '"') [[unlikely]] {
      return decode_scalar_text(column, p, row);
    }
    const char* const text = p + 1;
    bool escaped = false;
    p = scanner_.string_end(text, escaped);
    if (p == nullptr) [[unlikely]] {
      return nullptr;
    }
    if (escaped) [[unlikely]] {
      return set_unescaped(column, text, p, row);
    }
    if (column.data != nullptr) {
      store_stable_text(static_cast<duckdb_string_t*>(column.data)[row], text,
                        static_cast<size_t>(p - text));
    }
    return p + 1;
  }

  template <typename T>
  [[gnu::always_inline]] const char* decode_integer(JsonColumn& column, const char* p, size_t row) {
    T value;
    const IntegerScan scan = scan_integer(p, value);
    if (scan.error != NumberError::kNone) [[unlikely]] {
      return decode_other(column, p, row, scan.error);
    }
    column.set(row, value);
    return scan.end;
  }

  template <typename T>
  [[gnu::always_inline]] const char* decode_real(JsonColumn& column, const char* p, size_t row) {
    const RealScan<T> scan = scan_real<T>(p);
    if (scan.error != NumberError::kNone) [[unlikely]] {
      return *p == '"' ? decode_special_real<T>(column, p, row)
                       : decode_other(column, p, row, scan.error);
    }
    column.set(row, scan.value);
    return scan.end;
  }

  [[gnu::always_inline]] const char* decode_timestamp(JsonColumn& column, const char* p,
                                                      size_t row) {
    // "yyyy-MM-ddTHH:mm:ssZ", the most usual form, needs no look for the string's end.
    if (p[0] == '"' && p[11] == 'T' && p[20] == 'Z' && p[21] == '"') [[likely]] {
      const int32_t days = dates_.date_at(p + 1);
      const int32_t seconds = temporal::clock_at(p + 12);
      if (days != temporal::kNoDate && seconds >= 0) [[likely]] {
        column.set<int64_t>(row,
                            days * temporal::kMicrosPerDay + seconds * temporal::kMicrosPerSecond);
        return p + 22;
      }
    }
    return decode_other_timestamp(column, p, row);
  }

  const char* decode_boolean(JsonColumn& column, const char* p, size_t row) {
    const bool value = std::memcmp(p, "true", 4) == 0;
    if (!value && std::memcmp(p, "false", 5) != 0) {
      return decode_other(column, p, row, NumberError::kNone);
    }
    column.set(row, value);
    return p + (value ? 4 : 5);
  }

  const char* decode_rarer(JsonColumn& column, const char* p, size_t row);
  const char* decode_other_timestamp(JsonColumn& column, const char* p, size_t row);
  const char* decode_date(JsonColumn& column, const char* p, size_t row);
  const char* decode_blob(JsonColumn& column, const char* p, size_t row);
  const char* decode_json_text(JsonColumn& column, const char* p, size_t row);
  const char* decode_scalar_text(JsonColumn& column, const char* p, size_t row);
  template <typename T>
  const char* decode_special_real(JsonColumn& column, const char* p, size_t row);
  // null, or a value that does not fit.
  const char* decode_other(JsonColumn& column, const char* p, size_t row, NumberError error);
  const char* set_unescaped(JsonColumn& column, const char* text, const char* end, size_t row);
  [[gnu::cold]] const char* refuse_value(const JsonColumn& column, const char* p,
                                         bool out_of_range);

  JsonScanner scanner_;
  temporal::DateCache dates_;
  std::string scratch_;
  bool refused_ = false;
  std::string refusal_;  // why a record is refused that may be JSON
};

}  // namespace lakeward::format
