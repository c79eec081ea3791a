#include "format/csv_fields.h"

#include <algorithm>

namespace lakeward::format {

std::optional<std::string> split_csv_row(std::string_view row, CsvDialect dialect,
                                         std::vector<CsvField>& fields) {
  fields.clear();
  size_t p = 0;
  while (true) {
    CsvField field;
    if (p < row.size() && row[p] == dialect.quote) {
      const size_t begin = ++p;
      field.quoted = true;
      while (true) {
        p = row.find(dialect.quote, p);
        if (p == std::string_view::npos) {
          return "the quotes of field " + std::to_string(fields.size() + 1) + " are not closed";
        }
        if (p + 1 >= row.size() || row[p + 1] != dialect.quote) break;
        field.doubled = true;
        p += 2;
      }
      field.text = row.substr(begin, p - begin);
      ++p;
      if (p < row.size() && row[p] != dialect.delimiter) {
        return "something follows the quotes of field " + std::to_string(fields.size() + 1);
      }
    } else {
      const size_t begin = p;
      p = std::min(row.find(dialect.delimiter, p), row.size());
      field.text = row.substr(begin, p - begin);
    }
    fields.push_back(field);
    if (p == row.size()) return std::nullopt;
    ++p;
  }
}

std::string undouble_quotes(std::string_view text, char quote) {
  std::string result;
  result.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    result += text[i];
    if (text[i] == quote) ++i;  // the second of a pair
  }
  return result;
}

}  // namespace lakeward::format
