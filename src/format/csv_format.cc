#include "format/csv_format.h"

#include <simdjson.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "format/column_kind.h"
#include "format/csv_decoder.h"
#include "format/csv_fields.h"
#include "format/reasons.h"

namespace lakeward::format {
namespace {

class CsvFormat final : public Format {
 public:
  CsvFormat(DeclaredColumns columns, CsvRules rules, CsvOptions options)
      : columns_(std::move(columns)), rules_(std::move(rules)), options_(std::move(options)) {}

  Framing framing() const override { return Framing::kCsv; }
  const engine::Schema& declared() const override { return columns_.declared; }
  const engine::Schema& decoded() const override { return columns_.decoded; }
  OnMalformed on_malformed() const override { return rules_.on_malformed; }
  const CsvOptions* csv() const override { return &options_; }

  std::unique_ptr<Decoder> make_decoder(
      const std::vector<std::optional<size_t>>& slots) const override {
    return make_csv_decoder(columns_, rules_, slots);
  }

 private:
  DeclaredColumns columns_;
  CsvRules rules_;
  CsvOptions options_;
};

// Neither part of a value nor of a line end, and a character by itself.
bool can_separate(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x80 && std::isalnum(byte) == 0 &&
         std::string_view("\n\r\0+-.", 6).find(c) == std::string_view::npos;
}

}  // namespace

Result<std::unique_ptr<Format>> make_csv_format(const CsvOptions& options) {
  if (!can_separate(options.delimiter)) {
    return invalid_argument("'" + std::string(1, options.delimiter) +
                            "' cannot be the delimiter of CSV; take a sign such as , ; | or a tab");
  }
  if (!can_separate(options.quote) || options.quote == options.delimiter) {
    return invalid_argument("'" + std::string(1, options.quote) +
                            "' cannot be the quote of CSV; take \" or '");
  }
  ASSIGN_OR_RETURN(DeclaredColumns columns, declare_columns(options.columns, options.utc));
  CsvRules rules{{options.delimiter, options.quote}, options.null_text, options.on_malformed};
  return std::unique_ptr<Format>(
      std::make_unique<CsvFormat>(std::move(columns), std::move(rules), options));
}

Result<std::vector<std::string>> parse_csv_header(std::string_view record,
                                                  const CsvOptions& options) {
  const std::string shown = "the header '" + excerpt(record) + "' ";
  if (!simdjson::validate_utf8(record)) return invalid_argument(shown + "is not UTF-8");
  std::vector<CsvField> fields;
  if (auto wrong = split_csv_row(record, {options.delimiter, options.quote}, fields)) {
    return invalid_argument(shown + "is no CSV row: " + *wrong);
  }
  std::vector<std::string> names;
  std::set<std::string> seen;
  bool known = false;
  for (const CsvField& field : fields) {
    names.push_back(field.doubled ? undouble_quotes(field.text, options.quote)
                                  : std::string(field.text));
    if (!seen.insert(names.back()).second) {
      return invalid_argument(shown + "has '" + names.back() + "' twice");
    }
    known = known || std::any_of(options.columns.begin(), options.columns.end(),
                                 [&](const auto& column) { return column.name == names.back(); });
  }
  if (!known) {
    return invalid_argument(shown +
                            "has none of the declared columns; if the file has no header, "
                            "say header: false");
  }
  return names;
}

}  // namespace lakeward::format
