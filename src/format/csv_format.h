// CSV rows (RFC 4180) as rows: `decode: csv`.
//
// A source of files cuts them with RecordCutter (Framing::kCsv). If `header` is set, it takes the
// first record of each file for itself, has it read by parse_csv_header() and gives the names to
// Provenance::header: fields then belong to columns by their names (exactly compared), fields that
// nobody declared are left out, and a declared column that the file does not have is NULL. Without
// names, fields belong to the declared columns by their order.
//
// A row with more or fewer fields than the header (or than there are declared columns) is rejected.
// An unquoted field that reads as `null_text` is NULL; so is a quoted one, unless its column is
// text. Values:
//   whole numbers, FLOAT, DOUBLE   digits with an optional minus; 007 and .5 are taken; NaN,
//                                  Infinity, -Infinity for FLOAT and DOUBLE
//   BOOLEAN                        true, false, in any case
//   all others                     as in JSON (json_format.h), from the field's text
// Blanks belong to the field. Text is always UTF-8, or the row is rejected.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/schema.h"
#include "format/decoder.h"

namespace lakeward::format {

struct CsvOptions {
  engine::Schema columns;  // types in DuckDB's or Spark's words, see types.h
  OnMalformed on_malformed = OnMalformed::kDeadLetter;
  bool header = true;  // for sources of files; decoders look at Provenance::header only
  char delimiter = ',';
  char quote = '"';
  std::string null_text;
  bool utc = true;  // see JsonOptions
};

// Errors: InvalidArgument: see declare_columns(); a delimiter or quote that cannot be one.
Result<std::unique_ptr<Format>> make_csv_format(const CsvOptions& options);

// The names in a header. Errors: InvalidArgument: it is no CSV row of UTF-8, a name appears twice,
// or none of the declared columns is there (the file may have no header).
Result<std::vector<std::string>> parse_csv_header(std::string_view record,
                                                  const CsvOptions& options);

}  // namespace lakeward::format
