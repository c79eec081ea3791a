// The members of a JSON object into the engine's columns. In a header because it is the hot path:
// the inside of the decoders that read JSON.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "format/column_kind.h"
#include "format/json_keys.h"
#include "format/json_scanner.h"
#include "format/json_values.h"

namespace lakeward::format {

// Values: JsonValueDecoder, or what adds to it. One object a record: number() says which.
template <typename Values>
class JsonObjectReader {
 public:
  explicit JsonObjectReader(const DeclaredColumns& declared)
      : table_(names_of(declared.declared)), count_(declared.kinds.size()) {
    columns_.resize(count_ + 1);
    for (size_t i = 0; i < count_; ++i) {
      columns_[i].key = KeyPattern(declared.declared[i].name);
      columns_[i].kind = declared.kinds[i];
      columns_[i].next = i + 1;
      columns_[i].declared = &declared.declared[i];
    }
  }

  // One more than there are columns: the last one matches nothing.
  std::vector<JsonColumn>& columns() { return columns_; }
  Values& values() { return values_; }
  JsonScanner& scanner() { return values_.scanner(); }

  // `p` is behind the opening brace; returns the place behind the closing one, or nullptr after an
  // error, which values().reason() tells. Columns that the object does not have are nulled.
  const char* read_members(const char* p, size_t row);

 private:
  // What find_next_key() and find_key() say instead of a column.
  static constexpr size_t kUnknown = KeyTable::kNone;
  static constexpr size_t kEnd = kUnknown - 1;

  static std::vector<std::string> names_of(const engine::Schema& schema) {
    std::vector<std::string> names;
    for (const engine::Column& column : schema) names.push_back(column.name);
    return names;
  }

  const char* find_next_key(const char* p, size_t& column);
  const char* find_key(const char* p, size_t& column);

  KeyTable table_;
  size_t count_;
  std::vector<JsonColumn> columns_;
  Values values_;
  std::string scratch_;
  size_t first_ = 0;     // the column that came first the last time
  uint64_t number_ = 0;  // of the object, counted from 1
};

template <typename Values>
const char* JsonObjectReader<Values>::read_members(const char* p, size_t row) {
  ++number_;
  const char* const end = scanner().end();
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
      p = scanner().skip_value(JsonScanner::skip_blanks(value));
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
  if (found != count_) {
    for (JsonColumn& target : columns_) {
      if (target.seen != number_) target.set_null(row);
    }
  }
  return value + 1;
}

// `p` is behind a value. Returns the place behind the next key's colon, or the place of the closing
// brace.
template <typename Values>
const char* JsonObjectReader<Values>::find_next_key(const char* p, size_t& column) {
  p = JsonScanner::skip_blanks(p);
  if (*p == ',') {
    p = JsonScanner::skip_blanks(p + 1);
    const char* const value = columns_[column].key.match_first(p, scanner().end());
    return value != nullptr ? value : find_key(p, column);
  }
  column = kEnd;
  return *p == '}' ? p : scanner().fail("a comma is missing", p);
}

// The name at `p`, which is not the expected one, and its colon.
template <typename Values>
const char* JsonObjectReader<Values>::find_key(const char* p, size_t& column) {
  std::string_view name;
  p = scanner().member_name(p, scratch_, name);
  if (p != nullptr) column = table_.find(name);
  return p;
}

}  // namespace lakeward::format
