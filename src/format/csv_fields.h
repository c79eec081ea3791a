// The fields of a CSV row (RFC 4180, section 2).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lakeward::format {

struct CsvField {
  std::string_view text;  // without the quotes around it
  bool quoted = false;
  bool doubled = false;  // `text` has doubled quotes, each of which stands for one
};

struct CsvDialect {
  char delimiter = ',';
  char quote = '"';
};

// Replaces `fields` by those of `row`; returns what is wrong, in words, if it is no CSV row. A
// quote within an unquoted field is text.
std::optional<std::string> split_csv_row(std::string_view row, CsvDialect dialect,
                                         std::vector<CsvField>& fields);

// The field's text, each doubled quote made one.
std::string undouble_quotes(std::string_view text, char quote);

}  // namespace lakeward::format
