// One value at a time: what each type takes, and what it refuses with which words.
#include <gtest/gtest.h>

#include "format/decoding.h"
#include "format/json_format.h"

namespace lakeward::format {
namespace {

struct ValueCase {
  const char* type;
  std::string value;  // the JSON value of the field v
  std::string cell;   // as text, if it is taken
  std::string reason = "";
};

const ValueCase kValues[] = {
    {"BOOLEAN", "true", "true"},
    {"BOOLEAN", "false", "false"},
    {"BOOLEAN", "null", "NULL"},
    {"BOOLEAN", "1", "", "'v': 1 is not a BOOLEAN"},
    {"BOOLEAN", "\"true\"", "", "'v': \"true\" is not a BOOLEAN"},
    {"BOOLEAN", "tru", "", "malformed JSON: not a value at byte 5"},
    {"BOOLEAN", "truex", "", "malformed JSON: a comma is missing at byte 9"},

    {"TINYINT", "127", "127"},
    {"TINYINT", "-128", "-128"},
    {"TINYINT", "128", "", "'v': 128 is out of range for TINYINT"},
    {"TINYINT", "-129", "", "'v': -129 is out of range for TINYINT"},
    {"SMALLINT", "-32768", "-32768"},
    {"SMALLINT", "32768", "", "'v': 32768 is out of range for SMALLINT"},
    {"INTEGER", "0", "0"},
    {"INTEGER", "-0", "0"},
    {"INTEGER", "1234567", "1234567"},
    {"INTEGER", "12345678", "12345678"},
    {"INTEGER", "2147483647", "2147483647"},
    {"INTEGER", "-2147483648", "-2147483648"},
    {"INTEGER", "2147483648", "", "'v': 2147483648 is out of range for INTEGER"},
    {"INTEGER", "3.5", "", "'v': 3.5 is not an INTEGER"},
    {"INTEGER", "3.0", "", "'v': 3.0 is not an INTEGER"},
    {"INTEGER", "1e3", "", "'v': 1e3 is not an INTEGER"},
    {"INTEGER", "\"3\"", "", "'v': \"3\" is not an INTEGER"},
    {"INTEGER", "[3]", "", "'v': an array is not an INTEGER"},
    {"INTEGER", "03", "", "malformed JSON: not a number at byte 5"},
    {"INTEGER", "-", "", "malformed JSON: not a number at byte 5"},
    {"INTEGER", "+3", "", "malformed JSON: not a value at byte 5"},
    {"INTEGER", "3.", "", "malformed JSON: not a number at byte 5"},
    {"INTEGER", "3a", "", "malformed JSON: a comma is missing at byte 6"},
    {"INTEGER", "", "", "malformed JSON: not a value at byte 5"},
    {"BIGINT", "9223372036854775807", "9223372036854775807"},
    {"BIGINT", "-9223372036854775808", "-9223372036854775808"},
    {"BIGINT", "9223372036854775808", "", "'v': 9223372036854775808 is out of range for BIGINT"},
    {"BIGINT", "92233720368547758070", "", "'v': 92233720368547758070 is out of range for BIGINT"},
    {"UTINYINT", "255", "255"},
    {"UTINYINT", "-0", "0"},
    {"UTINYINT", "-1", "", "'v': -1 is out of range for UTINYINT"},
    {"USMALLINT", "65535", "65535"},
    {"UINTEGER", "4294967295", "4294967295"},
    {"UBIGINT", "18446744073709551615", "18446744073709551615"},
    {"UBIGINT", "18446744073709551616", "",
     "'v': 18446744073709551616 is out of range for UBIGINT"},

    {"DOUBLE", "21.37", "21.37"},
    {"DOUBLE", "-0.5", "-0.5"},
    {"DOUBLE", "-0", "-0.0"},
    {"DOUBLE", "0.0", "0.0"},
    {"DOUBLE", "7", "7.0"},
    {"DOUBLE", "1E+2", "100.0"},
    {"DOUBLE", "1.5e-3", "0.0015"},
    {"DOUBLE", "0.1234567", "0.1234567"},
    {"DOUBLE", "0.12345678901234567890", "0.12345678901234568"},
    {"DOUBLE", "12345678.12345678", "12345678.12345678"},
    {"DOUBLE", "9007199254740993", "9007199254740992.0"},
    {"DOUBLE", "1.7976931348623157e308", "1.7976931348623157e+308"},
    {"DOUBLE", "5e-324", "5e-324"},
    {"DOUBLE", "2.2250738585072011e-308", "2.225073858507201e-308"},
    {"DOUBLE", "1e-400", "0.0"},
    {"DOUBLE", "-1e-400", "-0.0"},
    {"DOUBLE", "0e400", "0.0"},
    {"DOUBLE", "1e400", "", "'v': 1e400 is out of range for DOUBLE"},
    {"DOUBLE", "-1e99999999999999999999", "",
     "'v': -1e99999999999999999999 is out of range for DOUBLE"},
    {"DOUBLE", "0.000000000000000000000000000000000000000000000001e-300", "0.0"},
    {"DOUBLE", "\"NaN\"", "nan"},
    {"DOUBLE", "\"-Infinity\"", "-inf"},
    {"DOUBLE", "\"1.5\"", "", "'v': \"1.5\" is not a DOUBLE"},
    {"DOUBLE", "NaN", "", "malformed JSON: not a value at byte 5"},
    {"DOUBLE", "1.e5", "", "malformed JSON: not a number at byte 5"},
    {"DOUBLE", "1e", "", "malformed JSON: not a number at byte 5"},
    {"DOUBLE", ".5", "", "malformed JSON: not a value at byte 5"},
    {"DOUBLE", "00.5", "", "malformed JSON: not a number at byte 5"},
    {"DOUBLE", "true", "", "'v': true is not a DOUBLE"},
    {"FLOAT", "0.1", "0.1"},
    {"FLOAT", "16777217", "16777216.0"},
    {"FLOAT", "3.4028235e38", "3.4028235e+38"},
    {"FLOAT", "1e39", "", "'v': 1e39 is out of range for FLOAT"},
    {"FLOAT", "1e-60", "0.0"},
    {"FLOAT", "\"Infinity\"", "inf"},

    {"VARCHAR", R"("")", ""},
    {"VARCHAR", R"("twelve bytes")", "twelve bytes"},
    {"VARCHAR", R"("thirteen byte")", "thirteen byte"},
    {"VARCHAR", R"("fifteen bytes a")", "fifteen bytes a"},
    {"VARCHAR", R"("sixteen bytes ab")", "sixteen bytes ab"},
    {"VARCHAR", R"("seventeen bytes a")", "seventeen bytes a"},
    {"VARCHAR", R"("Zürich 日本 😀")", "Zürich 日本 😀"},
    {"VARCHAR", R"("a\"b\\c\/d\b\f\n\r\te")", "a\"b\\c/d\b\f\n\r\te"},
    {"VARCHAR", R"("\u0041\u00e9\u20AC\ud83d\uDE00")", "Aé€😀"},
    {"VARCHAR", R"("a text that is not inlined \u0041 at all")",
     "a text that is not inlined A at all"},
    {"VARCHAR", R"("braces } and , commas")", "braces } and , commas"},
    {"VARCHAR", "12.50", "12.50"},
    {"VARCHAR", "true", "true"},
    {"VARCHAR", "null", "NULL"},
    {"VARCHAR", "{\"a\":1}", "", "'v': an object is not a VARCHAR"},
    {"VARCHAR", "[]", "", "'v': an array is not a VARCHAR"},
    {"VARCHAR", R"("\ud83d")", "", "malformed JSON: half a surrogate pair at byte 6"},
    {"VARCHAR", R"("\ud83dx\ude00")", "", "malformed JSON: half a surrogate pair at byte 6"},
    {"VARCHAR", R"("\ude00")", "", "malformed JSON: half a surrogate pair at byte 6"},
    {"VARCHAR", R"("\u12g4")", "", "malformed JSON: \\u needs four hexadecimal digits at byte 6"},
    {"VARCHAR", R"("\x")", "", "malformed JSON: an unknown escape at byte 6"},
    {"VARCHAR", "\"a\nb\"", "", "malformed JSON: a control character in a string at byte 7"},
    {"VARCHAR", std::string("\"a\0b\"", 5), "",
     "malformed JSON: a control character in a string at byte 7"},
    {"VARCHAR", "\"a", "", "malformed JSON: a string does not end at byte 8"},
    {"VARCHAR", "\"\xff\"", "", "not UTF-8"},
    {"VARCHAR", "\"\xc3\"", "", "not UTF-8"},
    {"VARCHAR", "\"\xed\xa0\x80\"", "", "not UTF-8"},
    {"VARCHAR", "\"\xc0\x80\"", "", "not UTF-8"},
    {"VARCHAR", "\"long enough for two blocks \xf4\x90\x80\x80\"", "", "not UTF-8"},
    {"VARCHAR", "'a'", "", "malformed JSON: not a value at byte 5"},

    {"DATE", "\"2026-02-28\"", "2026-02-28"},
    {"DATE", "\"2024-02-29\"", "2024-02-29"},
    {"DATE", "\"1969-12-31\"", "1969-12-31"},
    {"DATE", "\"0001-01-01\"", "0001-01-01"},
    {"DATE", "\"2026-02-29\"", "", "'v': \"2026-02-29\" is not a DATE (yyyy-MM-dd)"},
    {"DATE", "\"2026-13-01\"", "", "'v': \"2026-13-01\" is not a DATE (yyyy-MM-dd)"},
    {"DATE", "\"2026-1-1\"", "", "'v': \"2026-1-1\" is not a DATE (yyyy-MM-dd)"},
    {"DATE", "20000", "", "'v': 20000 is not a DATE"},

    {"TIMESTAMP", "\"2026-01-02T03:04:05Z\"", "2026-01-02 03:04:05"},
    {"TIMESTAMP", "\"2026-01-02T03:04:05\"", "2026-01-02 03:04:05"},
    {"TIMESTAMP", "\"2026-01-02 03:04:05\"", "2026-01-02 03:04:05"},
    {"TIMESTAMP", "\"2026-01-02T03:04\"", "2026-01-02 03:04:00"},
    {"TIMESTAMP", "\"2026-01-02\"", "2026-01-02 00:00:00"},
    {"TIMESTAMP", "\"2026-01-02T03:04:05.5\"", "2026-01-02 03:04:05.5"},
    {"TIMESTAMP", "\"2026-01-02T03:04:05.123456789Z\"", "2026-01-02 03:04:05.123456"},
    {"TIMESTAMP", "\"1969-12-31T23:59:59.999999Z\"", "1969-12-31 23:59:59.999999"},
    {"TIMESTAMP", "\"2026-01-02T03:04:05+02\"", "2026-01-02 01:04:05"},
    {"TIMESTAMP", R"("2026-01-02T03:04:05\u005a")", "2026-01-02 03:04:05"},
    {"TIMESTAMP WITH TIME ZONE", "\"2026-01-02T03:04:05Z\"", "2026-01-02 03:04:05+00"},
    {"TIMESTAMP WITH TIME ZONE", "\"2026-01-02T03:04:05+0530\"", "2026-01-01 21:34:05+00"},
    {"TIMESTAMP WITH TIME ZONE", "\"2026-01-02T03:04:05-05:30\"", "2026-01-02 08:34:05+00"},
    {"TIMESTAMP WITH TIME ZONE", "\"2026-01-02T03:04:05.25-05:30\"", "2026-01-02 08:34:05.25+00"},
    {"TIMESTAMP WITH TIME ZONE", "\"0001-01-01T00:00:00Z\"", "0001-01-01 00:00:00+00"},
    {"TIMESTAMP WITH TIME ZONE", "\"9999-12-31T23:59:59Z\"", "9999-12-31 23:59:59+00"},
    {"TIMESTAMP", "\"2026-01-02T24:00:00Z\"", "",
     "'v': \"2026-01-02T24:00:00Z\" is not a TIMESTAMP (yyyy-MM-ddTHH:mm:ss[.fraction][zone])"},
    {"TIMESTAMP", "\"2026-02-30T00:00:00Z\"", "",
     "'v': \"2026-02-30T00:00:00Z\" is not a TIMESTAMP (yyyy-MM-ddTHH:mm:ss[.fraction][zone])"},
    {"TIMESTAMP", "\"2026-01-02T03:04:05 \"", "",
     "'v': \"2026-01-02T03:04:05 \" is not a TIMESTAMP (yyyy-MM-ddTHH:mm:ss[.fraction][zone])"},
    {"TIMESTAMP", "\"2026-01-02T03:04:05.Z\"", "",
     "'v': \"2026-01-02T03:04:05.Z\" is not a TIMESTAMP (yyyy-MM-ddTHH:mm:ss[.fraction][zone])"},
    {"TIMESTAMP", "\"2026-01-02T03:04:05+19:00\"", "",
     "'v': \"2026-01-02T03:04:05+19:00\" is not a TIMESTAMP "
     "(yyyy-MM-ddTHH:mm:ss[.fraction][zone])"},
    {"TIMESTAMP", "1767225600", "", "'v': 1767225600 is not a TIMESTAMP"},

    {"BLOB", "\"TGFrZXdhcmQA/w==\"", "Lakeward\\x00\\xFF"},
    {"BLOB", "\"\"", ""},
    {"BLOB", "\"TGFr*\"", "", "'v': \"TGFr*\" is not a BLOB in base64"},
    {"BLOB", "\"TGF\"", "", "'v': \"TGF\" is not a BLOB in base64"},

    {"DECIMAL(10,2)", "12345678901234567890.12", "12345678901234567890.12"},
    {"DECIMAL(10,2)", "\"12.5\"", "12.5"},
    {"DECIMAL(10,2)", "{}", "", "'v': an object is not a DECIMAL(10,2)"},
    {"UUID", "\"b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\"", "b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
    {"INTEGER[]", "[1, 2,[ ] ]", "[1, 2,[ ] ]"},
    {"INTEGER[]", "{\"a\":1}", "", "'v': an object is not an INTEGER[]"},
    {"INTEGER[]", "7", "", "'v': 7 is not an INTEGER[]"},
    {"INTEGER[]", "[1 2]", "", "malformed JSON: a comma is missing at byte 8"},
    {"INTEGER[]", "[1,]", "", "malformed JSON: not a value at byte 8"},
    {"INTEGER[]", "[1", "", "malformed JSON: a comma is missing at byte 7"},
    {"INTEGER[]", "null", "NULL"},
    {"STRUCT(a INTEGER)", R"({"a":[{}],"b":"}"})", R"({"a":[{}],"b":"}"})"},
    {"STRUCT(a INTEGER)", R"({"a":)", "", "malformed JSON: not a value at byte 10"},
    {"STRUCT(a INTEGER)", R"({"a":1)", "",
     "malformed JSON: a nested value does not end at byte 12"},
    {"STRUCT(a INTEGER)", R"({"a" 1})", "", "malformed JSON: a colon is missing at byte 10"},
    {"STRUCT(a INTEGER)", R"({"a":1,})", "",
     "malformed JSON: a member's name is missing at byte 12"},
    {"MAP(VARCHAR, INTEGER)", R"({"x":1})", R"({"x":1})"},
    {"JSON", "[1]", "[1]"},
    {"JSON", "\"a\"", "\"a\""},
    {"JSON", "1.0", "1.0"},
    {"JSON", "null", "NULL"},
};

TEST(JsonValue, IsTakenOrRefusedByItsType) {
  for (const ValueCase& c : kValues) {
    SCOPED_TRACE(std::string(c.type) + " " + c.value);
    JsonOptions options;
    options.columns = {{"v", c.type}};
    const auto format = std::move(make_json_format(options)).value();
    const Decoded decoded = decode_all(*format, {"{\"v\":" + c.value + "}"});
    ASSERT_TRUE(decoded.status.ok()) << decoded.status.message();
    if (c.reason.empty()) {
      ASSERT_EQ(decoded.rejections.size(), 0u) << decoded.rejections[0].reason;
      ASSERT_EQ(decoded.rows.size(), 1u);
      EXPECT_EQ(decoded.rows[0][0], c.cell);
    } else {
      ASSERT_EQ(decoded.rejections.size(), 1u) << decoded.rows[0][0];
      EXPECT_EQ(decoded.rejections[0].reason, c.reason);
    }
  }
}

struct RecordCase {
  std::string record;
  std::string reason;  // empty: a row
};

const RecordCase kRecords[] = {
    {"{}", ""},
    {" { } \t\r\n", ""},
    {"{\"a\":1,\"b\":2}", ""},
    {"{ \"a\" : 1 , \"x\" : [ ] , \"b\" : 2 }", ""},
    {"{\"\\u0061\":1,\"\":2}", ""},
    {"{\"a\":1,\"\\u0061\":1}", "'a' appears twice"},
    {"{\"a\":1,\"b\":2,\"a\":1}", "'a' appears twice"},
    {"{\"b\":1,\"a\":2,\"b\":1}", "'b' appears twice"},
    {"{\"a\":null,\"a\":null}", "'a' appears twice"},
    {"", "the record is empty"},
    {"  ", "the record is empty"},
    {"{", "malformed JSON: the object does not end, or something follows it at byte 1"},
    {"}", "malformed JSON: not an object at byte 0"},
    {"[]", "malformed JSON: not an object at byte 0"},
    {"[{}", "malformed JSON: not an object at byte 0"},
    {"3", "malformed JSON: not an object at byte 0"},
    {"null", "malformed JSON: not an object at byte 0"},
    {"\xEF\xBB\xBF{}", "malformed JSON: not an object at byte 0"},
    {"{\"a\":1", "malformed JSON: the object does not end, or something follows it at byte 6"},
    {"{\"a\":1}x", "malformed JSON: the object does not end, or something follows it at byte 8"},
    {"{\"a\":1}}", "malformed JSON: something follows the object at byte 7"},
    {std::string("{}\0", 3),
     "malformed JSON: the object does not end, or something follows it at byte 3"},
    {"{} {}", "malformed JSON: something follows the object at byte 2"},
    {"{\"a\":1}{\"b\":1}", "malformed JSON: something follows the object at byte 7"},
    {"{\"a\":1,}", "malformed JSON: a member's name is missing at byte 7"},
    {"{\"x\":1,}", "malformed JSON: a member's name is missing at byte 7"},
    {"{,}", "malformed JSON: a member's name is missing at byte 1"},
    {"{\"a\" 1}", "malformed JSON: a colon is missing at byte 5"},
    {"{\"a\"}", "malformed JSON: a colon is missing at byte 4"},
    {"{\"a\":}", "malformed JSON: not a value at byte 5"},
    {"{a:1}", "malformed JSON: a member's name is missing at byte 1"},
    {"{\"a\":1 \"b\":2}", "malformed JSON: a comma is missing at byte 7"},
    {"{\"x\":{\"y\":[1,}", "malformed JSON: not a value at byte 13"},
    {"{\"x\":[}", "malformed JSON: not a value at byte 6"},
    {"{\"x\":{}", "malformed JSON: a nested value does not end at byte 7"},
    {"{\"x\":[1}", "malformed JSON: a comma is missing at byte 7"},
    {"{\"x\":1e}", "malformed JSON: not a number at byte 5"},
    {"{\"x\":nul}", "malformed JSON: not a value at byte 5"},
    {"{\"x\":\"\xff\"}", "not UTF-8"},
    {"{\"\xff\":1}", "not UTF-8"},
    {"{\"a\":1,\xC2\xA0\"b\":2}", "malformed JSON: a member's name is missing at byte 7"},
    {"{\"x\":\"}", "malformed JSON: a string does not end at byte 7"},
    {"{\"x}", "malformed JSON: a string does not end at byte 4"},
};

TEST(JsonRecord, IsOneStrictObject) {
  JsonOptions options;
  options.columns = {{"a", "INTEGER"}, {"b", "INTEGER"}};
  const auto format = std::move(make_json_format(options)).value();
  for (const RecordCase& c : kRecords) {
    SCOPED_TRACE(c.record);
    const Decoded decoded = decode_all(*format, {c.record});
    ASSERT_TRUE(decoded.status.ok());
    ASSERT_EQ(decoded.rejections.size(), c.reason.empty() ? 0u : 1u);
    EXPECT_EQ(decoded.rows.size(), c.reason.empty() ? 1u : 0u);
    if (!c.reason.empty()) {
      EXPECT_EQ(decoded.rejections[0].reason, c.reason);
    }
  }
}

TEST(JsonRecord, IsNestedAThousandAndTwentyFourLevelsAtMost) {
  JsonOptions options;
  options.columns = {{"a", "JSON"}};
  const auto format = std::move(make_json_format(options)).value();
  const auto nested = [](size_t levels) {
    return "{\"a\":" + std::string(levels - 1, '[') + std::string(levels - 1, ']') + "}";
  };
  EXPECT_EQ(decode_all(*format, {nested(1024)}).rows.size(), 1u);
  for (const size_t levels : {size_t{1025}, size_t{1'000'000}}) {
    const Decoded decoded = decode_all(*format, {nested(levels)});
    ASSERT_EQ(decoded.rejections.size(), 1u);
    EXPECT_EQ(decoded.rejections[0].reason, "malformed JSON: nested too deeply at byte 1028");
  }
}

TEST(JsonRecord, MayHaveAHundredMegabytes) {
  JsonOptions options;
  options.columns = {{"a", "VARCHAR"}, {"b", "INTEGER"}};
  const auto format = std::move(make_json_format(options)).value();
  const std::string text(100 << 20, 'x');
  const std::string select = "SELECT strlen(a)::VARCHAR, b::VARCHAR FROM input";
  const Decoded decoded =
      decode_all(*format, {"{\"a\":\"" + text + "\",\"b\":1}", "{\"a\":\"" + text}, select);
  ASSERT_EQ(decoded.rows.size(), 1u);
  EXPECT_EQ(decoded.rows[0], (std::vector<std::string>{"104857600", "1"}));
  ASSERT_EQ(decoded.rejections.size(), 1u);
  EXPECT_LT(decoded.rejections[0].reason.size(), 200u);
}

TEST(JsonRecord, MayHaveManyColumnsWithLongNames) {
  JsonOptions options;
  std::string record = "{";
  for (int i = 0; i < 500; ++i) {
    const std::string name = std::string(static_cast<size_t>(i % 90), 'n') + std::to_string(i);
    options.columns.push_back({name, "INTEGER"});
    record += "\"" + name + "\":" + std::to_string(i) + ",";
  }
  record.back() = '}';
  const auto format = std::move(make_json_format(options)).value();
  const Decoded decoded = decode_all(*format, {record, record});
  ASSERT_EQ(decoded.rows.size(), 2u);
  for (int i = 0; i < 500; ++i)
    EXPECT_EQ(decoded.rows[1][static_cast<size_t>(i)], std::to_string(i));
}

TEST(JsonFormat, SaysWhatIsWrongWithItsColumns) {
  const auto failure = [](engine::Schema columns) {
    JsonOptions options;
    options.columns = std::move(columns);
    return make_json_format(options).status().message();
  };
  EXPECT_EQ(failure({}), "no columns are declared");
  EXPECT_EQ(failure({{"a", "INTEGER"}, {"A", "INTEGER"}}),
            "column 'A' is declared twice (case does not count)");
  EXPECT_EQ(failure({{"a", "INTEGR"}}),
            "column 'a': 'INTEGR' is not a type: unknown type 'INTEGR'; did you mean 'INTEGER'?");
}

TEST(JsonFormat, LeavesTimestampsWithoutAZoneToTheEngineUnlessTheSessionIsInUtc) {
  JsonOptions options;
  options.columns = {{"t", "TIMESTAMPTZ"}, {"u", "timestamp_ntz"}, {"d", "decimal(4,1)"}};
  EXPECT_EQ(
      (*make_json_format(options))->decoded(),
      (engine::Schema{{"t", "TIMESTAMP WITH TIME ZONE"}, {"u", "TIMESTAMP"}, {"d", "VARCHAR"}}));
  options.utc = false;
  const auto format = std::move(make_json_format(options)).value();
  EXPECT_EQ(format->decoded(),
            (engine::Schema{{"t", "VARCHAR"}, {"u", "TIMESTAMP"}, {"d", "VARCHAR"}}));
  EXPECT_EQ(format->declared()[2].type, "DECIMAL(4,1)");
}

}  // namespace
}  // namespace lakeward::format
