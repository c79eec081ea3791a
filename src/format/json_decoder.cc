#include "format/json_decoder.h"

#include <simdjson.h>

#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "format/json_values.h"
#include "format/record_loop.h"

namespace lakeward::format {
namespace {

std::vector<std::string> names_of(const engine::Schema& schema) {
  std::vector<std::string> names;
  for (const engine::Column& column : schema) names.push_back(column.name);
  return names;
}

class JsonDecoder final : public Decoder {
 public:
  JsonDecoder(const DeclaredColumns& declared, const std::vector<std::optional<size_t>>& slots,
              OnMalformed on_malformed)
      : slots_(slots), on_malformed_(on_malformed), table_(names_of(declared.declared)) {
    CHECK(slots.size() == declared.kinds.size(), "one slot for each decoded column");
    columns_.resize(slots.size() + 1);
    for (size_t i = 0; i < slots.size(); ++i) {
      columns_[i].key = KeyPattern(declared.declared[i].name);
      columns_[i].kind = declared.kinds[i];
      columns_[i].next = i + 1;
      columns_[i].declared = &declared.declared[i];
    }
  }

  Result<DecodeProgress> decode(const RecordBatch& batch, size_t first_record,
                                engine::ChunkWriter& chunk, size_t first_row,
                                std::span<uint32_t> row_records,
                                std::vector<Rejection>& rejections) override {
    for (size_t i = 0; i < slots_.size(); ++i) {
      if (!slots_[i]) continue;
      columns_[i].writer = &chunk.column(*slots_[i]);
      columns_[i].data = columns_[i].writer->data<char>();
    }
    return decode_records(
        on_malformed_, batch, first_record, first_row, row_records, rejections,
        [this](std::string_view payload, size_t row) {
          if (decode_record(payload, row)) [[likely]] {
            return true;
          }
          for (JsonColumn& column : columns_) {
            if (column.writer != nullptr) column.writer->unset_null(row);
          }
          return false;
        },
        [this] { return values_.reason(); },
        [this](size_t row) {
          for (JsonColumn& column : columns_) column.set_null(row);
        });
  }

 private:
  bool decode_record(std::string_view payload, size_t row);
  const char* decode_members(const char* p, size_t row);
  const char* find_next_key(const char* p, size_t& column);
  const char* find_key(const char* p, size_t& column);
  bool refuse_ends(const char* begin, const char* end);

  std::vector<std::optional<size_t>> slots_;
  OnMalformed on_malformed_;
  KeyTable table_;
  std::vector<JsonColumn> columns_;  // and one more, whose key matches nothing: "none follows"
  JsonValueDecoder values_;
  size_t first_ = 0;     // the column that came first the last time
  uint64_t number_ = 0;  // of the record, counted from 1
};

// What find_next_key() and find_key() say instead of a column.
constexpr size_t kUnknown = KeyTable::kNone;
constexpr size_t kEnd = kUnknown - 1;

bool JsonDecoder::decode_record(std::string_view payload, size_t row) {
  ++number_;
  const char* const begin = payload.data();
  const char* end = begin + payload.size();
  while (end != begin && JsonScanner::is_blank(end[-1])) --end;
  values_.start(begin, end);
  if (end == begin || end[-1] != '}' || payload.size() > std::numeric_limits<uint32_t>::max())
      [[unlikely]] {
    return refuse_ends(begin, end);
  }
  JsonScanner& scanner = values_.scanner();
  const char* p = JsonScanner::skip_blanks(begin);
  if (*p != '{') return scanner.fail("not an object", p) != nullptr;
  p = decode_members(p + 1, row);
  if (p == nullptr) [[unlikely]] {
    return false;
  }
  if (p != end) return scanner.fail("something follows the object", p) != nullptr;
  // Every string, used or not, and nothing but strings may have such bytes.
  if (scanner.non_ascii() && !simdjson::validate_utf8(begin, static_cast<size_t>(end - begin))) {
    values_.refuse("not UTF-8");
    return false;
  }
  return true;
}

// A record that does not begin and end as an object must.
bool JsonDecoder::refuse_ends(const char* begin, const char* end) {
  if (begin == end) {
    values_.refuse("the record is empty");
    return false;
  }
  if (end[-1] == '}') {
    values_.refuse("the record is larger than 4 GiB");
    return false;
  }
  const char* p = begin;
  while (JsonScanner::is_blank(*p)) ++p;
  return values_.scanner().fail(
             *p == '{' ? "the object does not end, or something follows it" : "not an object",
             *p == '{' ? end : p) != nullptr;
}

// `p` is behind the opening brace; returns the place behind the closing one.
const char* JsonDecoder::decode_members(const char* p, size_t row) {
  const char* const end = values_.scanner().end();
  size_t* expected = &first_;
  size_t found = 0;
  size_t column = first_;
  const char* value = columns_[column].key.match_first(p, end);
  if (value == nullptr) [[unlikely]] {
    p = JsonScanner::skip_blanks(p);
    column = kEnd;
    value = *p == '}' ? p : find_key(p, column);
  }
  while (true) {
    if (value == nullptr) [[unlikely]] {
      return nullptr;
    }
    if (column >= kEnd) [[unlikely]] {
      if (column == kEnd) break;
      p = values_.scanner().skip_value(JsonScanner::skip_blanks(value));
    } else {
      JsonColumn& target = columns_[column];
      if (target.seen == number_) [[unlikely]] {
        return values_.refuse(target, " appears twice");
      }
      target.seen = number_;
      *expected = column;
      expected = &target.next;
      ++found;
      p = values_.decode(target, JsonScanner::skip_blanks(value), row);
    }
    if (p == nullptr) [[unlikely]] {
      return nullptr;
    }
    column = *expected;
    value = columns_[column].key.match_next(p, end);
    if (value == nullptr) value = find_next_key(p, column);
  }
  if (found != slots_.size()) {
    for (JsonColumn& target : columns_) {
      if (target.seen != number_) target.set_null(row);
    }
  }
  return value + 1;
}

// `p` is behind a value. Returns the place behind the next key's colon, or the place of the closing
// brace.
const char* JsonDecoder::find_next_key(const char* p, size_t& column) {
  p = JsonScanner::skip_blanks(p);
  if (*p == ',') {
    p = JsonScanner::skip_blanks(p + 1);
    const char* const value = columns_[column].key.match_first(p, values_.scanner().end());
    return value != nullptr ? value : find_key(p, column);
  }
  column = kEnd;
  return *p == '}' ? p : values_.scanner().fail("a comma is missing", p);
}

// The name at `p`, which is not the expected one, and its colon.
const char* JsonDecoder::find_key(const char* p, size_t& column) {
  JsonScanner& scanner = values_.scanner();
  if (*p != '"') return scanner.fail("a member's name is missing", p);
  const char* const first = p + 1;
  bool escaped = false;
  p = scanner.string_end(first, escaped);
  if (p == nullptr) return nullptr;
  const std::string_view name(first, static_cast<size_t>(p - first));
  if (escaped) {
    std::string text;
    append_unescaped(name, text);
    column = table_.find(text);
  } else {
    column = table_.find(name);
  }
  p = JsonScanner::skip_blanks(p + 1);
  return *p == ':' ? p + 1 : scanner.fail("a colon is missing", p);
}

}  // namespace

std::unique_ptr<Decoder> make_json_decoder(const DeclaredColumns& columns,
                                           const std::vector<std::optional<size_t>>& slots,
                                           OnMalformed on_malformed) {
  return std::make_unique<JsonDecoder>(columns, slots, on_malformed);
}

}  // namespace lakeward::format
