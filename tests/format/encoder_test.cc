#include "format/encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/database.h"
#include "engine/session.h"
#include "format/json_encoding.h"

namespace lakeward::format {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class AnEncoding : public ::testing::Test {
 protected:
  // The payloads of a query's rows; a null one is "<null>".
  Result<std::vector<std::string>> encode(const Encoding& encoding, const std::string& sql) {
    ASSIGN_OR_RETURN(const auto result, session->stream(sql));
    ASSIGN_OR_RETURN(const auto encoder, encoding.make_encoder(result->types()));
    std::vector<std::string> texts;
    Payloads payloads;
    while (true) {
      ASSIGN_OR_RETURN(const auto chunk, result->next());
      if (!chunk) return texts;
      std::vector<engine::VectorView> columns;
      for (size_t i = 0; i < result->schema().size(); ++i) columns.push_back(chunk->column(i));
      RETURN_IF_ERROR(encoder->encode(columns, chunk->rows(), payloads));
      EXPECT_EQ(payloads.size(), chunk->rows());
      for (size_t row = 0; row < payloads.size(); ++row) {
        texts.push_back(payloads.is_null(row) ? "<null>" : std::string(payloads[row]));
      }
    }
  }

  std::unique_ptr<engine::Database> database = [] {
    engine::DatabaseOptions options;
    options.memory_bytes = 256 << 20;
    options.threads = 2;
    return engine::Database::open(options).value();
  }();
  std::unique_ptr<engine::Session> session = database->make_session().value();
};

struct Case {
  std::string name;
  std::string sql;
  std::string json;
};

class JsonEncoding : public AnEncoding, public ::testing::WithParamInterface<Case> {};

TEST_P(JsonEncoding, Writes) {
  const auto texts = encode(*make_json_encoding(), "SELECT " + GetParam().sql + " AS v");
  ASSERT_TRUE(texts.ok()) << texts.status().message();
  EXPECT_THAT(*texts, ElementsAre("{\"v\":" + GetParam().json + "}"));
}

INSTANTIATE_TEST_SUITE_P(
    Values, JsonEncoding,
    ::testing::Values(
        Case{"Null", "NULL", "null"}, Case{"NullOfAType", "NULL::DOUBLE", "null"},
        Case{"Boolean", "true", "true"}, Case{"SmallestTinyint", "(-128)::TINYINT", "-128"},
        Case{"SmallestBigint", "(-9223372036854775808)::BIGINT", "-9223372036854775808"},
        Case{"LargestUbigint", "18446744073709551615::UBIGINT", "18446744073709551615"},
        Case{"SmallestHugeint", "(-170141183460469231731687303715884105728)::HUGEINT",
             "-170141183460469231731687303715884105728"},
        Case{"LargestUhugeint", "340282366920938463463374607431768211455::UHUGEINT",
             "340282366920938463463374607431768211455"},
        Case{"Double", "0.1::DOUBLE", "0.1"}, Case{"WholeDouble", "5::DOUBLE", "5.0"},
        Case{"LargeDouble", "1e300::DOUBLE", "1e+300"}, Case{"Float", "0.1::FLOAT", "0.1"},
        Case{"NaN", "'nan'::DOUBLE", "\"NaN\""}, Case{"Infinity", "'-inf'::FLOAT", "\"-Infinity\""},
        Case{"Decimal", "12.340::DECIMAL(10,3)", "12.340"},
        Case{"SmallNegativeDecimal", "-0.01::DECIMAL(4,2)", "-0.01"},
        Case{"DecimalWithoutScale", "120::DECIMAL(18,0)", "120"},
        Case{"LargeDecimal", "-12345678901234567890123456789.123456789::DECIMAL(38,9)",
             "-12345678901234567890123456789.123456789"},
        Case{"Text", "'Grüße an Œdipus'", "\"Grüße an Œdipus\""},
        Case{"TextWithEscapes",
             "'a\"b\\c' || chr(10) || chr(9) || chr(1) || chr(31) || ' and more'",
             R"("a\"b\\c\n\t\u0001\u001f and more")"},
        Case{"QuoteAtTheEndOfEightBytes", "'1234567\"'", R"("1234567\"")"},
        Case{"EmptyText", "''", "\"\""}, Case{"Json", "'{\"a\": [1]}'::JSON", "{\"a\": [1]}"},
        Case{"Blob", "'\\x00\\xFFabc'::BLOB", "\"AP9hYmM=\""},
        Case{"BlobOfThree", "'abc'::BLOB", "\"YWJj\""},
        Case{"BlobOfFour", "'abcd'::BLOB", "\"YWJjZA==\""},
        Case{"Date", "DATE '2024-02-29'", "\"2024-02-29\""},
        Case{"EarlyDate", "DATE '0001-01-01'", "\"0001-01-01\""},
        Case{"InfiniteDate", "'infinity'::DATE", "\"infinity\""},
        Case{"Time", "TIME '23:59:59.5'", "\"23:59:59.500\""},
        Case{"Timestamp", "TIMESTAMP '2026-01-02 03:04:05'", "\"2026-01-02T03:04:05\""},
        Case{"TimestampWithMicros", "TIMESTAMP '1969-12-31 23:59:59.000001'",
             "\"1969-12-31T23:59:59.000001\""},
        Case{"TimestampWithZone", "TIMESTAMPTZ '2026-01-02 03:04:05.25+02:00'",
             "\"2026-01-02T01:04:05.250Z\""},
        Case{"TimestampInSeconds", "TIMESTAMP_S '2026-01-02 03:04:05'", "\"2026-01-02T03:04:05\""},
        Case{"TimestampInMillis", "TIMESTAMP_MS '2026-01-02 03:04:05.006'",
             "\"2026-01-02T03:04:05.006\""},
        Case{"TimestampInNanos", "TIMESTAMP_NS '2026-01-02 03:04:05.000000007'",
             "\"2026-01-02T03:04:05.000000007\""},
        Case{"Interval", "INTERVAL '14 months 3 days 1.5 seconds'", "\"P1Y2M3DT1.500S\""},
        Case{"NoInterval", "INTERVAL '0 days'", "\"PT0S\""},
        Case{"Uuid", "'550e8400-e29b-41d4-a716-446655440000'::UUID",
             "\"550e8400-e29b-41d4-a716-446655440000\""},
        Case{"Enum", "'b'::ENUM('a', 'b')", "\"b\""}, Case{"List", "[1, NULL, 3]", "[1,null,3]"},
        Case{"EmptyList", "[]::INTEGER[]", "[]"},
        Case{"ListOfLists", "[[1], [], NULL, [2, 3]]", "[[1],[],null,[2,3]]"},
        Case{"Array", "[1, 2]::INTEGER[2]", "[1,2]"},
        Case{"Struct", "{'a': 1, 'b': {'c': NULL::VARCHAR}}", R"({"a":1,"b":{"c":null}})"},
        Case{"NullStruct", "NULL::STRUCT(a INTEGER)", "null"},
        Case{"Map", "MAP {'a': 1, 'b\"': NULL}", R"({"a":1,"b\"":null})"},
        Case{"MapOfNumbers", "MAP {1: [true]}", R"({"1":[true]})"},
        Case{"EmptyMap", "MAP {}::MAP(VARCHAR, INTEGER)", "{}"}),
    [](const auto& info) { return info.param.name; });

TEST_F(AnEncoding, OfJsonKeepsTheColumnsInTheirOrder) {
  const auto texts = encode(*make_json_encoding(),
                            "SELECT range AS n, 'x' || range AS \"a \"\"b\"\"\", "
                            "CASE WHEN range % 2 = 0 THEN [range, range + 1] END AS l "
                            "FROM range(3) ORDER BY range");
  ASSERT_TRUE(texts.ok());
  EXPECT_THAT(*texts, ElementsAre(R"({"n":0,"a \"b\"":"x0","l":[0,1]})",
                                  R"({"n":1,"a \"b\"":"x1","l":null})",
                                  R"({"n":2,"a \"b\"":"x2","l":[2,3]})"));
}

TEST_F(AnEncoding, OfJsonSaysTheSameAsTheEngine) {
  // Of many rows, in several chunks, with types that both write alike.
  const std::string rows =
      "(SELECT range AS n, range % 7 = 0 AS b, CASE WHEN range % 5 > 0 THEN 'tëxt \"' || range END "
      "AS t, [range, NULL, range * 2] AS l, {'a': range, 'b': ['x', NULL]} AS s, "
      "(range / 4)::DOUBLE AS d FROM range(10000) ORDER BY range) AS r";
  const auto ours = encode(*make_json_encoding(), "SELECT * FROM " + rows);
  const auto theirs =
      encode(*make_raw_encoding(), "SELECT CAST(to_json(r) AS VARCHAR) FROM " + rows);
  ASSERT_TRUE(ours.ok() && theirs.ok());
  ASSERT_EQ(ours->size(), 10'000u);
  EXPECT_EQ(*ours, *theirs);
}

TEST_F(AnEncoding, OfJsonRefusesTypesByName) {
  for (const std::string type :
       {"BIT", "UNION(a INTEGER, b VARCHAR)", "TIMETZ", "BIT[]", "MAP(INTEGER[], INTEGER)"}) {
    const auto texts = encode(*make_json_encoding(), "SELECT 1 AS n, NULL::" + type + " AS odd");
    EXPECT_EQ(texts.status().code(), StatusCode::kInvalidArgument) << type;
    EXPECT_THAT(texts.status().message(), HasSubstr("'odd'"));
    EXPECT_THAT(texts.status().message(), HasSubstr("CAST(odd AS VARCHAR)"));
  }
}

TEST_F(AnEncoding, OfRawTextAndBytesLeavesThemAsTheyAre) {
  const auto texts =
      encode(*make_raw_encoding(), "SELECT * FROM (VALUES ('a\\x00b'::BLOB), (NULL), (''::BLOB))");
  ASSERT_TRUE(texts.ok());
  EXPECT_THAT(*texts, ElementsAre(std::string("a\0b", 3), "<null>", ""));
  const auto number = encode(*make_raw_encoding(), "SELECT 1 AS n");
  EXPECT_THAT(number.status().message(), HasSubstr("CAST(n AS VARCHAR)"));
}

}  // namespace
}  // namespace lakeward::format
