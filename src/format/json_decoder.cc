#include "format/json_decoder.h"

#include <simdjson.h>

#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "format/base64.h"
#include "format/json_keys.h"
#include "format/json_scanner.h"
#include "format/reasons.h"
#include "format/record_loop.h"
#include "format/temporal_text.h"
#include "format/text_cell.h"

namespace lakeward::format {
namespace {

std::vector<std::string> names_of(const engine::Schema& schema) {
  std::vector<std::string> names;
  for (const engine::Column& column : schema) names.push_back(column.name);
  return names;
}

// One declared column while a batch is decoded.
struct Target {
  KeyPattern key;
  ColumnKind kind;
  size_t next;                             // the column that followed this one the last time
  uint64_t seen = 0;                       // the number of the record that had it last
  engine::ColumnWriter* writer = nullptr;  // nullptr: the query does not use it
  void* data = nullptr;                    // the writer's
};

class JsonDecoder final : public Decoder {
 public:
  JsonDecoder(const DeclaredColumns& columns, const std::vector<std::optional<size_t>>& slots,
              OnMalformed on_malformed)
      : columns_(columns),
        slots_(slots),
        on_malformed_(on_malformed),
        table_(names_of(columns.declared)) {
    CHECK(slots.size() == columns.kinds.size(), "one slot for each decoded column");
    targets_.reserve(columns.kinds.size());
    for (size_t i = 0; i < columns.kinds.size(); ++i) {
      targets_.push_back({KeyPattern(columns.declared[i].name), columns.kinds[i], i + 1});
    }
  }

  Result<DecodeProgress> decode(const RecordBatch& batch, size_t first_record,
                                engine::ChunkWriter& chunk, size_t first_row,
                                std::span<uint32_t> row_records,
                                std::vector<Rejection>& rejections) override {
    for (size_t i = 0; i < slots_.size(); ++i) {
      if (!slots_[i]) continue;
      targets_[i].writer = &chunk.column(*slots_[i]);
      targets_[i].data = targets_[i].writer->data<char>();
    }
    return decode_records(
        on_malformed_, batch, first_record, first_row, row_records, rejections,
        [this](std::string_view payload, size_t row) {
          if (decode_record(payload, row)) [[likely]] {
            return true;
          }
          for (Target& target : targets_) {
            if (target.writer != nullptr) target.writer->unset_null(row);
          }
          return false;
        },
        [this] { return reason(); },
        [this](size_t row) {
          for (Target& target : targets_) set_null(target, row);
        });
  }

 private:
  static void set_null(Target& target, size_t row) {
    if (target.writer != nullptr) target.writer->set_null(row);
  }

  bool decode_record(std::string_view payload, size_t row);
  const char* decode_members(const char* p, size_t row);
  [[gnu::noinline]] const char* find_key(const char* p, size_t& column);

  // Each decodes the value at `p` into the target's row and returns the place behind it, or nullptr
  // after a failure.
  const char* decode_value(Target& target, const char* p, size_t row);
  template <typename T>
  const char* decode_integer(Target& target, const char* p, size_t row);
  template <typename T>
  const char* decode_real(Target& target, const char* p, size_t row);
  template <typename T>
  [[gnu::noinline]] const char* decode_special_real(Target& target, const char* p, size_t row);
  const char* decode_text(Target& target, const char* p, size_t row);
  template <typename T, typename Parse>
  const char* decode_temporal(Target& target, const char* p, size_t row, Parse parse);
  const char* decode_boolean(Target& target, const char* p, size_t row);
  [[gnu::noinline]] const char* decode_blob(Target& target, const char* p, size_t row);
  [[gnu::noinline]] const char* decode_json_text(Target& target, const char* p, size_t row);
  [[gnu::noinline]] const char* decode_scalar_text(Target& target, const char* p, size_t row);
  // null, or a value that does not fit.
  [[gnu::noinline]] const char* decode_other(Target& target, const char* p, size_t row);

  // The string at `p` as text; `scratch_` holds it if it has escapes.
  const char* read_string(const char* p, std::string_view& text);

  [[gnu::cold]] const char* refuse(const Target& target, std::string_view why);
  [[gnu::cold]] const char* refuse_value(const Target& target, const char* p, bool out_of_range);
  std::string reason() const;

  const DeclaredColumns& columns_;
  std::vector<std::optional<size_t>> slots_;
  OnMalformed on_malformed_;
  KeyTable table_;
  std::vector<Target> targets_;
  JsonScanner scanner_;
  size_t first_ = 0;     // the column that came first the last time
  uint64_t number_ = 0;  // of the record, counted from 1
  std::string scratch_;
  std::string refusal_;  // why the record is refused although it may be JSON
};

bool JsonDecoder::decode_record(std::string_view payload, size_t row) {
  ++number_;
  refusal_.clear();
  const char* begin = payload.data();
  const char* end = begin + payload.size();
  while (end != begin && JsonScanner::is_blank(end[-1])) --end;
  scanner_.start(begin, end);
  if (end == begin) {
    refusal_ = "the record is empty";
    return false;
  }
  if (payload.size() > std::numeric_limits<uint32_t>::max()) {
    refusal_ = "the record is larger than 4 GiB";
    return false;
  }
  if (end[-1] != '}') {
    while (begin != end && JsonScanner::is_blank(*begin)) ++begin;
    scanner_.fail(
        *begin == '{' ? "the object does not end, or something follows it" : "not an object",
        *begin == '{' ? end : begin);
    return false;
  }
  const char* p = JsonScanner::skip_blanks(begin);
  if (*p != '{') return scanner_.fail("not an object", p) != nullptr;
  p = decode_members(p + 1, row);
  if (p == nullptr) return false;
  if (p != end) return scanner_.fail("something follows the object", p) != nullptr;
  if (scanner_.non_ascii() && !simdjson::validate_utf8(begin, static_cast<size_t>(end - begin))) {
    refusal_ = "not UTF-8";
    return false;
  }
  return true;
}

// `p` is behind the opening brace; returns the place behind the closing one.
const char* JsonDecoder::decode_members(const char* p, size_t row) {
  const char* const end = scanner_.end();
  const size_t count = targets_.size();
  size_t found = 0;
  size_t* expected = &first_;
  p = JsonScanner::skip_blanks(p);
  bool more = *p != '}';
  while (more) {
    size_t column = *expected;
    if (column < count && targets_[column].key.matches(p, end)) [[likely]] {
      p += targets_[column].key.length();
    } else {
      p = find_key(p, column);
      if (p == nullptr) return nullptr;
    }
    p = JsonScanner::skip_blanks(p);
    if (column == KeyTable::kNone) {
      p = scanner_.skip_value(p);
    } else {
      *expected = column;
      Target& target = targets_[column];
      if (target.seen == number_) [[unlikely]] {
        return refuse(target, " appears twice");
      }
      target.seen = number_;
      expected = &target.next;
      ++found;
      p = decode_value(target, p, row);
    }
    if (p == nullptr) [[unlikely]] {
      return nullptr;
    }
    p = JsonScanner::skip_blanks(p);
    more = *p == ',';
    if (more) p = JsonScanner::skip_blanks(p + 1);
  }
  if (*p != '}') return scanner_.fail("a comma is missing", p);
  if (found != count) {
    for (Target& target : targets_) {
      if (target.seen != number_) set_null(target, row);
    }
  }
  return p + 1;
}

// A member's name that was not the expected one, and its colon.
const char* JsonDecoder::find_key(const char* p, size_t& column) {
  if (*p != '"') return scanner_.fail("a member's name is missing", p);
  const char* const first = p + 1;
  bool escaped = false;
  p = scanner_.string_end(first, escaped);
  if (p == nullptr) return nullptr;
  std::string_view name(first, static_cast<size_t>(p - first));
  if (escaped) {
    scratch_.clear();
    append_unescaped(name, scratch_);
    name = scratch_;
  }
  column = table_.find(name);
  p = JsonScanner::skip_blanks(p + 1);
  if (*p != ':') return scanner_.fail("a colon is missing", p);
  return p + 1;
}

const char* JsonDecoder::decode_value(Target& target, const char* p, size_t row) {
  switch (target.kind) {
    case ColumnKind::kVarchar:
      return decode_text(target, p, row);
    case ColumnKind::kBoolean:
      return decode_boolean(target, p, row);
    case ColumnKind::kTinyint:
      return decode_integer<int8_t>(target, p, row);
    case ColumnKind::kSmallint:
      return decode_integer<int16_t>(target, p, row);
    case ColumnKind::kInteger:
      return decode_integer<int32_t>(target, p, row);
    case ColumnKind::kBigint:
      return decode_integer<int64_t>(target, p, row);
    case ColumnKind::kUtinyint:
      return decode_integer<uint8_t>(target, p, row);
    case ColumnKind::kUsmallint:
      return decode_integer<uint16_t>(target, p, row);
    case ColumnKind::kUinteger:
      return decode_integer<uint32_t>(target, p, row);
    case ColumnKind::kUbigint:
      return decode_integer<uint64_t>(target, p, row);
    case ColumnKind::kFloat:
      return decode_real<float>(target, p, row);
    case ColumnKind::kDouble:
      return decode_real<double>(target, p, row);
    case ColumnKind::kDate:
      return decode_temporal<int32_t>(target, p, row, parse_date);
    case ColumnKind::kTimestamp:
    case ColumnKind::kTimestampTz:
      return decode_temporal<int64_t>(target, p, row, parse_timestamp);
    case ColumnKind::kBlob:
      return decode_blob(target, p, row);
    case ColumnKind::kScalarText:
      return decode_text(target, p, row);
    case ColumnKind::kListText:
    case ColumnKind::kObjectText:
    case ColumnKind::kJsonText:
      return decode_json_text(target, p, row);
  }
  CHECK(false, "every kind is decoded above");
}

template <typename T>
const char* JsonDecoder::decode_integer(Target& target, const char* p, size_t row) {
  T value;
  const IntegerScan scan = scan_integer(p, value);
  if (scan.error != NumberError::kNone) [[unlikely]] {
    if (scan.error == NumberError::kOutOfRange) return refuse_value(target, p, true);
    return decode_other(target, p, row);
  }
  if (target.data != nullptr) static_cast<T*>(target.data)[row] = value;
  return scan.end;
}

template <typename T>
const char* JsonDecoder::decode_real(Target& target, const char* p, size_t row) {
  const DecimalParts parts = scan_number(p);
  if (parts.end == nullptr) [[unlikely]] {
    return *p == '"' ? decode_special_real<T>(target, p, row) : decode_other(target, p, row);
  }
  T value;
  if (nearest(p, parts, value) != NumberError::kNone) [[unlikely]] {
    return refuse_value(target, p, true);
  }
  if (target.data != nullptr) static_cast<T*>(target.data)[row] = value;
  return parts.end;
}

// What JSON has no number for, as Spark's to_json writes it.
template <typename T>
const char* JsonDecoder::decode_special_real(Target& target, const char* p, size_t row) {
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
    if (target.data != nullptr) static_cast<T*>(target.data)[row] = value;
    return end;
  }
  return refuse_value(target, p, false);
}

const char* JsonDecoder::decode_text(Target& target, const char* p, size_t row) {
  if (*p != '"') [[unlikely]] {
    return decode_scalar_text(target, p, row);
  }
  const char* const text = p + 1;
  bool escaped = false;
  p = scanner_.string_end(text, escaped);
  if (p == nullptr) [[unlikely]] {
    return nullptr;
  }
  if (target.data != nullptr) {
    const auto length = static_cast<size_t>(p - text);
    if (escaped) [[unlikely]] {
      scratch_.clear();
      append_unescaped({text, length}, scratch_);
      target.writer->set_copied_string(row, scratch_);
    } else {
      store_stable_text(static_cast<duckdb_string_t*>(target.data)[row], text, length);
    }
  }
  return p + 1;
}

const char* JsonDecoder::decode_scalar_text(Target& target, const char* p, size_t row) {
  if (*p == 'n' || *p == '{' || *p == '[') return decode_other(target, p, row);
  const char* const end = scanner_.skip_number_or_literal(p);
  if (end != nullptr && target.data != nullptr) {
    target.writer->set_stable_string(row, p, static_cast<size_t>(end - p));
  }
  return end;
}

template <typename T, typename Parse>
const char* JsonDecoder::decode_temporal(Target& target, const char* p, size_t row, Parse parse) {
  if (*p != '"') [[unlikely]] {
    return decode_other(target, p, row);
  }
  std::string_view text;
  const char* const end = read_string(p, text);
  if (end == nullptr) [[unlikely]] {
    return nullptr;
  }
  const std::optional<T> value = parse(text);
  if (!value) [[unlikely]] {
    return refuse_value(target, p, false);
  }
  if (target.data != nullptr) static_cast<T*>(target.data)[row] = *value;
  return end;
}

const char* JsonDecoder::decode_boolean(Target& target, const char* p, size_t row) {
  const bool value = std::memcmp(p, "true", 4) == 0;
  if (!value && std::memcmp(p, "false", 5) != 0) return decode_other(target, p, row);
  if (target.data != nullptr) static_cast<bool*>(target.data)[row] = value;
  return p + (value ? 4 : 5);
}

const char* JsonDecoder::decode_blob(Target& target, const char* p, size_t row) {
  if (*p != '"') return decode_other(target, p, row);
  std::string_view text;
  const char* const end = read_string(p, text);
  if (end == nullptr) return nullptr;
  const std::optional<std::string> bytes = decode_base64(text);
  if (!bytes) return refuse_value(target, p, false);
  if (target.data != nullptr) target.writer->set_copied_string(row, *bytes);
  return end;
}

const char* JsonDecoder::decode_json_text(Target& target, const char* p, size_t row) {
  const bool fits = target.kind == ColumnKind::kJsonText ||
                    *p == (target.kind == ColumnKind::kListText ? '[' : '{');
  if (*p == 'n' || !fits) return decode_other(target, p, row);
  const char* const end = scanner_.skip_value(p);
  if (end != nullptr && target.data != nullptr) {
    target.writer->set_stable_string(row, p, static_cast<size_t>(end - p));
  }
  return end;
}

const char* JsonDecoder::decode_other(Target& target, const char* p, size_t row) {
  if (std::memcmp(p, "null", 4) == 0) {
    set_null(target, row);
    return p + 4;
  }
  return refuse_value(target, p, false);
}

const char* JsonDecoder::read_string(const char* p, std::string_view& text) {
  const char* const first = p + 1;
  bool escaped = false;
  p = scanner_.string_end(first, escaped);
  if (p == nullptr) [[unlikely]] {
    return nullptr;
  }
  text = {first, static_cast<size_t>(p - first)};
  if (escaped) [[unlikely]] {
    scratch_.clear();
    append_unescaped(text, scratch_);
    text = scratch_;
  }
  return p + 1;
}

const char* JsonDecoder::refuse(const Target& target, std::string_view why) {
  const auto column = static_cast<size_t>(&target - targets_.data());
  refusal_ = "'" + columns_.declared[column].name + "'" + std::string(why);
  return nullptr;
}

// The value at `p` is not the target's type, or no JSON value at all.
const char* JsonDecoder::refuse_value(const Target& target, const char* p, bool out_of_range) {
  const auto column = static_cast<size_t>(&target - targets_.data());
  const std::string type = columns_.declared[column].type;
  if (*p == '{' || *p == '[') {
    return refuse(target, std::string(*p == '{' ? ": an object" : ": an array") + " is not " +
                              with_article(type));
  }
  const char* const end = scanner_.skip_value(p);
  if (end == nullptr) return nullptr;
  const std::string text = excerpt({p, static_cast<size_t>(end - p)});
  if (out_of_range) return refuse(target, ": " + text + " is out of range for " + type);
  std::string why = ": " + text + " is not " + with_article(type);
  if (*p == '"' && target.kind == ColumnKind::kDate) why += " (yyyy-MM-dd)";
  if (*p == '"' && target.kind == ColumnKind::kBlob) why += " in base64";
  if (*p == '"' &&
      (target.kind == ColumnKind::kTimestamp || target.kind == ColumnKind::kTimestampTz)) {
    why += " (yyyy-MM-ddTHH:mm:ss[.fraction][zone])";
  }
  return refuse(target, why);
}

std::string JsonDecoder::reason() const {
  return refusal_.empty() ? "malformed JSON: " + scanner_.error() : refusal_;
}

}  // namespace

std::unique_ptr<Decoder> make_json_decoder(const DeclaredColumns& columns,
                                           const std::vector<std::optional<size_t>>& slots,
                                           OnMalformed on_malformed) {
  return std::make_unique<JsonDecoder>(columns, slots, on_malformed);
}

}  // namespace lakeward::format
