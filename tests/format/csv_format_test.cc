#include "format/csv_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "format/decoding.h"

namespace lakeward::format {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

CsvOptions people() {
  CsvOptions options;
  options.columns = {{"name", "VARCHAR"}, {"age", "INTEGER"}, {"weight", "DOUBLE"}};
  return options;
}

Decoded decode(const CsvOptions& options, const std::vector<std::string>& rows,
               std::vector<std::string> header = {}) {
  const auto format = std::move(make_csv_format(options)).value();
  return decode_all(*format, rows, "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM input",
                    std::move(header));
}

TEST(CsvDecoder, ReadsFieldsByTheirOrderWithoutAHeader) {
  const Decoded decoded = decode(people(), {"Ada,36,52.5", "\"Bo, \"\"B\"\"\",007,-.5"});
  EXPECT_THAT(decoded.rows,
              ElementsAre(ElementsAre("Ada", "36", "52.5"), ElementsAre("Bo, \"B\"", "7", "-0.5")));
}

TEST(CsvDecoder, ReadsFieldsByTheHeadersNames) {
  const Decoded decoded =
      decode(people(), {"x,36,Ada", "y,37,\"Bo\nBo\""}, {"other", "age", "name"});
  EXPECT_THAT(decoded.rows,
              ElementsAre(ElementsAre("Ada", "36", "NULL"), ElementsAre("Bo\nBo", "37", "NULL")));
}

TEST(CsvDecoder, TellsNullFromEmptyTextByItsQuotes) {
  EXPECT_THAT(decode(people(), {",,", "\"\",\"\",\"\""}).rows,
              ElementsAre(ElementsAre("NULL", "NULL", "NULL"), ElementsAre("", "NULL", "NULL")));
  CsvOptions options = people();
  options.null_text = "\\N";
  EXPECT_THAT(decode(options, {",\\N,\\N", "\\N,1,1"}).rows,
              ElementsAre(ElementsAre("", "NULL", "NULL"), ElementsAre("NULL", "1", "1.0")));
}

TEST(CsvDecoder, RejectsWithTheReason) {
  const std::pair<std::string, std::string> cases[] = {
      {"Ada,36", "the row has 2 fields where 3 are expected"},
      {"Ada", "the row has 1 field where 3 are expected"},
      {"Ada,36,52,1", "the row has 4 fields where 3 are expected"},
      {"Ada,36.5,1", "'age': 36.5 is not an INTEGER"},
      {"Ada,x,1", "'age': x is not an INTEGER"},
      {"Ada, 36,1", "'age':  36 is not an INTEGER"},
      {"Ada,+36,1", "'age': +36 is not an INTEGER"},
      {"Ada,3000000000,1", "'age': 3000000000 is out of range for INTEGER"},
      {"Ada,1,1e400", "'weight': 1e400 is out of range for DOUBLE"},
      {"Ada,1,inf", "'weight': inf is not a DOUBLE"},
      {"Ada,1,1,5", "the row has 4 fields where 3 are expected"},
      {"\"Ada,1,1", "malformed CSV: the quotes of field 1 are not closed"},
      {"Ada,\"1\"2,1", "malformed CSV: something follows the quotes of field 2"},
      {"\xff,1,1", "not UTF-8"},
  };
  for (const auto& [row, reason] : cases) {
    const Decoded decoded = decode(people(), {row, "Bo,1,1e-400"});
    ASSERT_EQ(decoded.rejections.size(), 1u) << row;
    EXPECT_EQ(decoded.rejections[0].reason, reason);
    EXPECT_THAT(decoded.rows, ElementsAre(ElementsAre("Bo", "1", "0.0")));
  }
}

TEST(CsvDecoder, ReadsEveryNativeType) {
  CsvOptions options;
  std::string row;
  std::vector<std::string> cells;
  const std::vector<std::array<std::string, 3>> values = {
      {"BOOLEAN", "True", "true"},
      {"TINYINT", "-128", "-128"},
      {"SMALLINT", "-5", "-5"},
      {"BIGINT", "9223372036854775807", "9223372036854775807"},
      {"UTINYINT", "255", "255"},
      {"USMALLINT", "65535", "65535"},
      {"UINTEGER", "4294967295", "4294967295"},
      {"UBIGINT", "18446744073709551615", "18446744073709551615"},
      {"FLOAT", "NaN", "nan"},
      {"DATE", "2026-01-31", "2026-01-31"},
      {"TIMESTAMP", "2026-01-31 10:00:00.25", "2026-01-31 10:00:00.25"},
      {"TIMESTAMPTZ", "2026-01-31T10:00:00+01:00", "2026-01-31 09:00:00+00"},
      {"BLOB", "TGFr", "Lak"},
      {"DECIMAL(5,2)", "1.25", "1.25"},
      {"INTEGER[]", "[1;2]", "[1;2]"},
  };
  for (const auto& [type, text, cell] : values) {
    options.columns.push_back({"c" + std::to_string(options.columns.size()), type});
    row += (row.empty() ? "" : ";") + ("\"" + text + "\"");
    cells.push_back(cell);
  }
  options.delimiter = ';';
  const Decoded decoded = decode(options, {row});
  ASSERT_EQ(decoded.rows.size(), 1u) << decoded.rejections[0].reason;
  EXPECT_EQ(decoded.rows[0], cells);
}

TEST(CsvHeader, IsReadAsARowOfNames) {
  EXPECT_THAT(*parse_csv_header("age,\"na\"\"me\",name", people()),
              ElementsAre("age", "na\"me", "name"));
  const auto failure = [](std::string_view record) {
    return parse_csv_header(record, people()).status().message();
  };
  EXPECT_THAT(failure("name,name"), HasSubstr("has 'name' twice"));
  EXPECT_THAT(failure("Ada,36"), HasSubstr("none of the declared columns"));
  EXPECT_THAT(failure("\"name"), HasSubstr("not closed"));
  EXPECT_THAT(failure("\xff"), HasSubstr("not UTF-8"));
}

TEST(CsvFormat, RefusesSignsThatCannotSeparate) {
  for (const char delimiter : {'a', '1', '\n', '.', '"', '\0'}) {
    CsvOptions options = people();
    options.delimiter = delimiter;
    EXPECT_FALSE(make_csv_format(options).ok()) << delimiter;
  }
}

}  // namespace
}  // namespace lakeward::format
