#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "delta/values.h"

namespace lakeward::delta {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

engine::ColumnStatistics bounds(const char* min, const char* max, uint64_t nulls = 0) {
  engine::ColumnStatistics statistics;
  statistics.min = min;
  statistics.max = max;
  statistics.null_count = nulls;
  return statistics;
}

// The statistics of a one-column file of 10 rows.
std::string statistics(const char* type, const engine::ColumnStatistics& column) {
  engine::WrittenFile file;
  file.rows = 10;
  file.columns[{"c"}] = column;
  return statistics_json(file, *delta_schema({{"c", type}}), {}, -1);
}

std::string json(const std::string& min, const std::string& max, int nulls = 0) {
  const auto member = [](const std::string& value) {
    return value.empty() ? "{}" : "{\"c\":" + value + "}";
  };
  return "{\"numRecords\":10,\"minValues\":" + member(min) + ",\"maxValues\":" + member(max) +
         ",\"nullCount\":{\"c\":" + std::to_string(nulls) + "}}";
}

TEST(DeltaStatistics, AreBoundsInEachTypesForm) {
  EXPECT_EQ(statistics("BIGINT", bounds("-3", "9")), json("-3", "9"));
  EXPECT_EQ(statistics("DECIMAL(38,2)", bounds("-0.10", "123456789012345678901234567890123456.78")),
            json("-0.10", "123456789012345678901234567890123456.78"));
  EXPECT_EQ(statistics("DATE", bounds("0001-01-01", "2024-02-29")),
            json("\"0001-01-01\"", "\"2024-02-29\""));
  EXPECT_EQ(statistics("DOUBLE", bounds("-1e-300", "1e+300")), json("-1e-300", "1e+300"));
  EXPECT_EQ(statistics("VARCHAR", bounds("", "a\"\n")), json("\"\"", "\"a\\\"\\n\""));
  EXPECT_EQ(statistics("BIGINT", bounds("1", "1", 9)), json("1", "1", 9));
}

TEST(DeltaStatistics, RoundTimestampsOutwardsToMilliseconds) {
  EXPECT_EQ(statistics("TIMESTAMP WITH TIME ZONE",
                       bounds("1969-12-31 23:59:59.999999+00", "2024-01-01 00:00:00.000001+00")),
            json("\"1969-12-31T23:59:59.999Z\"", "\"2024-01-01T00:00:00.001Z\""));
  EXPECT_EQ(statistics("TIMESTAMP WITH TIME ZONE",
                       bounds("2024-01-01 01:00:00+01", "2024-01-01 00:00:00.123+00")),
            json("\"2024-01-01T00:00:00.000Z\"", "\"2024-01-01T00:00:00.123Z\""));
  EXPECT_EQ(statistics("TIMESTAMP", bounds("2024-01-01 00:00:00", "2024-01-01 00:00:00.5")),
            json("\"2024-01-01T00:00:00.000\"", "\"2024-01-01T00:00:00.500\""));
}

TEST(DeltaStatistics, LeaveOutWhatIsNotASafeBound) {
  EXPECT_EQ(statistics("DOUBLE", bounds("-inf", "inf")), json("", ""));
  EXPECT_EQ(statistics("DOUBLE", bounds("nan", "1.5")), json("", "1.5"));
  engine::ColumnStatistics with_nan = bounds("1.5", "2.5");
  with_nan.has_nan = true;
  EXPECT_EQ(statistics("DOUBLE", with_nan), json("", ""));
  EXPECT_EQ(statistics("BOOLEAN", bounds("0", "1")), json("", ""));
  EXPECT_EQ(statistics("BLOB", bounds("00", "FF")), json("", ""));
  EXPECT_EQ(statistics("DATE", bounds("infinity", "99999-01-01")), json("", ""));
  EXPECT_EQ(statistics("TIMESTAMP", bounds("-infinity", "0044-03-15 (BC) 00:00:00")), json("", ""));
  EXPECT_EQ(statistics("BIGINT", bounds("1", "1", 10)), json("", "", 10));  // all null
}

TEST(DeltaStatistics, CutStringsWithinCharactersAndKeepThemBounds) {
  const std::string long_text(40, 'x');
  EXPECT_EQ(lower_bound_text(long_text), std::string(32, 'x'));
  EXPECT_EQ(*upper_bound_text(long_text), std::string(31, 'x') + "y");
  EXPECT_EQ(*upper_bound_text(std::string(32, 'x')), std::string(32, 'x'));
  std::string umlauts;
  for (int i = 0; i < 33; ++i) umlauts += "ü";
  EXPECT_EQ(lower_bound_text(umlauts).size(), 64u);
  EXPECT_GT(*upper_bound_text(umlauts), umlauts);
  std::string last;  // U+10FFFF cannot be raised
  for (int i = 0; i < 33; ++i) last += "\xF4\x8F\xBF\xBF";
  EXPECT_EQ(upper_bound_text(last), std::nullopt);
  EXPECT_EQ(*upper_bound_text("a" + last), "b");
  std::string before_surrogates = std::string(31, 'a') + "\xED\x9F\xBF" + "zz";
  EXPECT_EQ(*upper_bound_text(before_surrogates), std::string(31, 'a') + "\xEE\x80\x80");
}

TEST(DeltaStatistics, NestByPathAndStopAtTheIndexedColumns) {
  engine::WrittenFile file;
  file.rows = 2;
  file.columns[{"s", "x"}] = bounds("1", "2");
  file.columns[{"s", "t", "y.z"}] = bounds("a", "b", 1);
  file.columns[{"l", "element"}] = bounds("1", "2");
  file.columns[{"n"}] = bounds("5", "6");
  file.columns[{"k"}] = bounds("5", "6");
  const TableSchema schema = *delta_schema({{"s", "STRUCT(x INTEGER, t STRUCT(\"y.z\" VARCHAR))"},
                                            {"l", "INTEGER[]"},
                                            {"n", "INTEGER"},
                                            {"k", "INTEGER"}});
  EXPECT_EQ(statistics_json(file, schema, {"K"}, -1),
            R"({"numRecords":2,"minValues":{"s":{"x":1,"t":{"y.z":"a"}},"n":5},)"
            R"("maxValues":{"s":{"x":2,"t":{"y.z":"b"}},"n":6},)"
            R"("nullCount":{"s":{"x":0,"t":{"y.z":1}},"n":0}})");
  const std::string two = statistics_json(file, schema, {}, 2);
  EXPECT_THAT(two, HasSubstr("y.z"));
  EXPECT_THAT(two, Not(HasSubstr("\"n\":5")));
}

TEST(DeltaPartitionValues, HaveDeltasTextForm) {
  const auto text = [](const char* type, const char* value) {
    return partition_text(*delta_type(type), std::string(value))->value_or("NULL");
  };
  EXPECT_EQ(text("VARCHAR", "a b"), "a b");
  EXPECT_EQ(text("VARCHAR", ""), "NULL");
  EXPECT_EQ(text("DATE", "2024-02-29"), "2024-02-29");
  EXPECT_EQ(text("BOOLEAN", "true"), "true");
  EXPECT_EQ(text("TIMESTAMP WITH TIME ZONE", "2024-01-01 10:00:00.5+02"),
            "2024-01-01T08:00:00.500000Z");
  EXPECT_EQ(text("TIMESTAMP", "2024-01-01 10:00:00"), "2024-01-01 10:00:00.000000");
  EXPECT_EQ(text("DOUBLE", "-inf"), "-Infinity");
  EXPECT_EQ(partition_text(*delta_type("DATE"), std::nullopt)->has_value(), false);
  for (const auto& [type, value] : std::vector<std::pair<const char*, std::string>>{
           {"TIMESTAMP", "infinity"},
           {"TIMESTAMP WITH TIME ZONE", "57873-10-13 21:00:00+00"},
           {"DATE", "57873-10-13"},
           {"DATE", "0044-03-15 (BC)"},
           {"DATE", "-infinity"}}) {
    const auto refused = partition_text(*delta_type(type), value);
    EXPECT_THAT(refused.status().message(), HasSubstr("let an expectation reject such rows"))
        << value;
  }
}

TEST(DeltaPartitionValues, AreReadInBothFormsOfTimestamps) {
  const auto literal = [](const char* type, const char* value) {
    return *partition_literal(*delta_type(type), std::string(value));
  };
  for (const char* form : {"2024-01-01T08:00:00.500000Z", "2024-01-01 08:00:00.5"}) {
    EXPECT_EQ(literal("TIMESTAMP WITH TIME ZONE", form), "'2024-01-01T08:00:00.500000Z'");
  }
  EXPECT_EQ(literal("VARCHAR", "it's"), "'it''s'");
  EXPECT_EQ(literal("VARCHAR", ""), "NULL");
  EXPECT_EQ(literal("VARCHAR", "__HIVE_DEFAULT_PARTITION__"), "NULL");
  EXPECT_EQ(*partition_literal(*delta_type("VARCHAR"), std::string("a\0b'", 4)),
            "('a' || chr(0) || 'b''')");
  EXPECT_EQ(partition_literal(*delta_type("TIMESTAMP"), std::string("soon")).status().code(),
            StatusCode::kCorruption);
}

}  // namespace
}  // namespace lakeward::delta
