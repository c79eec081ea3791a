#include "format/debezium_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "format/decoding.h"

namespace lakeward::format {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kFolder = LAKEWARD_SOURCE_DIR "/tests/format/debezium/";

const engine::Schema kOrders = {{"id", "BIGINT"},
                                {"customer_id", "INTEGER"},
                                {"amount", "DECIMAL(12,2)"},
                                {"qty", "INTEGER"},
                                {"price", "DOUBLE"},
                                {"paid", "BOOLEAN"},
                                {"placed_on", "DATE"},
                                {"at_local", "TIMESTAMP"},
                                {"at_utc", "TIMESTAMPTZ"},
                                {"note", "VARCHAR"},
                                {"extra", "JSON"},
                                {"ref", "UUID"},
                                {"tags", "VARCHAR[]"},
                                {"blob", "BLOB"}};

std::string sample(const std::string& name) {
  std::ifstream file(kFolder + name);
  EXPECT_TRUE(file.good()) << name;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::unique_ptr<Format> debezium(DebeziumOptions options) {
  auto format = make_debezium_format(options);
  EXPECT_TRUE(format.ok()) << format.status().message();
  return std::move(format).value();
}

DebeziumOptions orders(DebeziumDecimals decimals = DebeziumDecimals::kPrecise) {
  DebeziumOptions options;
  options.columns = kOrders;
  options.unit = DebeziumUnit::kMillis;
  options.decimals = decimals;
  return options;
}

DebeziumOptions with_columns(engine::Schema columns) {
  DebeziumOptions options;
  options.columns = std::move(columns);
  return options;
}

// The columns of the row, and then those of the envelope.
constexpr const char* kRow =
    "SELECT id::VARCHAR, customer_id::VARCHAR, amount, qty::VARCHAR, price::VARCHAR, "
    "paid::VARCHAR, "
    "placed_on::VARCHAR, at_local::VARCHAR, at_utc::VARCHAR, note, extra, ref, tags, "
    "blob::VARCHAR, "
    "_op, _source_ts::VARCHAR, _source_lsn::VARCHAR, _source_table, _snapshot::VARCHAR FROM input";

TEST(DebeziumFormat, ReadsEveryKindOfEventWithAndWithoutItsSchema) {
  const std::vector<std::string> row = {"100",
                                        "1",
                                        "19.90",
                                        "3",
                                        "0.1",
                                        "true",
                                        "2025-03-09",
                                        "2025-03-09 12:34:56.789",
                                        "2025-03-09 10:34:56.789012+00",
                                        "first",
                                        R"({"k": [1, null]})",
                                        "6f1e8a3e-6f0e-4a57-8d3a-0d1f1d9d1c11",
                                        R"(["a","b"])",
                                        "\\xDE\\xAD\\xBE\\xEF"};
  struct Case {
    const char* operation;
    const char* amount;
    const char* note;
    const char* snapshot;
  };
  for (const auto& [operation, amount, note, snapshot] :
       {Case{"r", "19.90", "first", "true"}, Case{"u", "20.00", "NULL", "false"},
        Case{"d", "20.00", "NULL", "false"}}) {
    for (const std::string kind : {"plain", "schema", "schema-precise"}) {
      if (kind == "schema-precise" && *operation == 'd') continue;
      SCOPED_TRACE(std::string(operation) + " " + kind);
      const auto format = debezium(
          orders(kind == "plain" ? DebeziumDecimals::kString : DebeziumDecimals::kPrecise));
      const Decoded decoded = decode_all(
          *format, {sample(std::string("orders-") + operation + "." + kind + ".json")}, kRow);
      ASSERT_TRUE(decoded.status.ok()) << decoded.status.message();
      ASSERT_THAT(decoded.rejections, IsEmpty()) << decoded.rejections[0].reason;
      ASSERT_THAT(decoded.rows, SizeIs(1));
      std::vector<std::string> expected = row;
      const bool is_precise = kind == "schema-precise";  // other rows of the same table
      expected[0] = is_precise ? "200" : "100";
      expected[2] = is_precise && *operation == 'u' ? "-0.01" : amount;
      expected[9] = is_precise ? "first" : note;
      const std::vector<std::string>& found = decoded.rows[0];
      EXPECT_EQ(std::vector<std::string>(found.begin(), found.begin() + 14), expected);
      EXPECT_EQ(found[14], operation);
      EXPECT_THAT(found[15], HasSubstr("2026-11-21 "));
      EXPECT_EQ(found[17], "public.orders");
      EXPECT_EQ(found[18], snapshot);
    }
  }
}

TEST(DebeziumFormat, ReadsNullsOfAnInsertedRow) {
  const Decoded decoded =
      decode_all(*debezium(orders(DebeziumDecimals::kString)), {sample("orders-c.plain.json")},
                 "SELECT id::VARCHAR, amount, qty::VARCHAR, at_utc::VARCHAR, extra, tags, "
                 "_source_ts::VARCHAR, _source_lsn::VARCHAR FROM input");
  EXPECT_THAT(decoded.rows,
              ElementsAre(ElementsAre("101", "1234567890.12", "NULL", "NULL", "NULL", "NULL",
                                      "2026-11-21 02:43:55.296053+00", "26835416")));
}

// A day's messages of two tables: snapshots, changes, a changed key, deletions with tombstones.
TEST(DebeziumFormat, ReadsATopicInItsOrderAndSkipsTombstones) {
  std::ifstream file(std::string(kFolder) + "plain.ndjson");
  std::vector<std::string> customers;
  size_t tombstones = 0;
  for (std::string line; std::getline(file, line);) {
    const auto message = nlohmann::json::parse(line);
    if (message["topic"] != "cdc.public.customers") continue;
    tombstones += message["value"].is_null();
    customers.push_back(message["value"].is_null() ? kTombstone
                                                   : message["value"].get<std::string>());
  }
  EXPECT_EQ(tombstones, 2u);
  const auto format =
      debezium(with_columns({{"id", "INTEGER"}, {"name", "VARCHAR"}, {"email", "VARCHAR"}}));
  const Decoded decoded = decode_all(
      *format, customers,
      "SELECT _op, id::VARCHAR, name, email FROM input ORDER BY _source_lsn, _op DESC, id");
  EXPECT_THAT(decoded.rejections, IsEmpty());
  ASSERT_THAT(decoded.rows, SizeIs(customers.size() - tombstones));
  EXPECT_THAT(decoded.rows, testing::Contains(ElementsAre("r", "2", "Björn", "NULL")));
  EXPECT_THAT(decoded.rows, testing::Contains(ElementsAre("u", "3", "Carl", "carl@example.com")));
  // Without replica identity full, only the key of a deleted row is true.
  EXPECT_THAT(decoded.rows, testing::Contains(ElementsAre("d", "30", "", "NULL")));
}

TEST(DebeziumFormat, TakesTheUnitOfTimesFromTheOptionsIfThereIsNoSchema) {
  const std::string event =
      R"({"after":{"t":1741523696789012,"c":45296789012,"d":-1},"source":{"ts_ms":1,"table":"t"},"op":"c"})";
  DebeziumOptions options = with_columns({{"t", "TIMESTAMP"}, {"c", "TIME"}, {"d", "DATE"}});
  const char* select =
      "SELECT t::VARCHAR, c, d::VARCHAR, _source_ts::VARCHAR, _source_table FROM input";
  EXPECT_THAT(decode_all(*debezium(options), {event}, select).rows,
              ElementsAre(ElementsAre("2025-03-09 12:34:56.789012", "12:34:56.789012", "1969-12-31",
                                      "1970-01-01 00:00:00.001+00", "t")));
  options.unit = DebeziumUnit::kNanos;
  EXPECT_THAT(decode_all(*debezium(options), {event}, "SELECT t::VARCHAR, c FROM input").rows,
              ElementsAre(ElementsAre("1970-01-21 03:45:23.696789", "00:00:45.296789")));
}

TEST(DebeziumFormat, ReadsDecimalsOfAnySignAndSize) {
  const auto format = debezium(with_columns({{"v", "DECIMAL(30,2)"}}));
  const std::pair<const char*, const char*> cases[] = {
      {"B8Y=", "19.90"}, {"/w==", "-0.01"}, {"AA==", "0.00"},
      {"AP8=", "2.55"},  {"gA==", "-1.28"}, {"DJ8skdDmnhs1/7c=", "152587882700425642968349.99"}};
  for (const auto& [text, expected] : cases) {
    const Decoded decoded =
        decode_all(*format, {std::string(R"({"op":"c","after":{"v":")") + text + "\"}}"},
                   "SELECT v FROM input");
    ASSERT_THAT(decoded.rejections, IsEmpty()) << decoded.rejections[0].reason;
    EXPECT_THAT(decoded.rows, ElementsAre(ElementsAre(expected)));
  }
}

TEST(DebeziumFormat, ReadsTheSchemaOfEachEvent) {
  const auto event = [](const char* type, const char* value) {
    return std::string(
               R"({"schema":{"type":"struct","fields":[{"type":"struct","field":"after","fields":[)") +
           R"({"type":"int64","name":")" + type +
           R"(","field":"t"}]}]},"payload":{"op":"c","after":{"t":)" + value + "}}}";
  };
  const std::string late =
      R"({"payload":{"op":"c","after":{"t":4}},"schema":{"fields":[{"field":"after","fields":[{"name":"io.debezium.time.Timestamp","field":"t"}]}]}})";
  const Decoded decoded = decode_all(
      *debezium(with_columns({{"t", "TIMESTAMP"}})),
      {event("io.debezium.time.Timestamp", "1"), event("io.debezium.time.MicroTimestamp", "2000"),
       event("io.debezium.time.Timestamp", "3"), late,
       R"({"schema":{"type":"struct","fields":[]},"payload":null})"},
      "SELECT t::VARCHAR FROM input");
  ASSERT_THAT(decoded.rejections, SizeIs(1));
  EXPECT_EQ(decoded.rejections[0].reason, "'schema' is not the schema of a change event");
  EXPECT_THAT(
      decoded.rows,
      ElementsAre(ElementsAre("1970-01-01 00:00:00.001"), ElementsAre("1970-01-01 00:00:00.002"),
                  ElementsAre("1970-01-01 00:00:00.003"), ElementsAre("1970-01-01 00:00:00.004")));
}

TEST(DebeziumFormat, RejectsWhatIsNoChangeOfARow) {
  const auto format = debezium(with_columns({{"id", "INTEGER"}}));
  const std::pair<const char*, const char*> cases[] = {
      {R"({"id":1})", "no change event: it has no 'op'; a flat row is decoded by `decode: json`"},
      {R"({"op":"u","before":{"id":1},"after":null})", "the operation 'u' comes without 'after'"},
      {R"({"op":"d","before":null,"after":null})", "the operation 'd' comes without 'before'"},
      {R"({"op":"t","before":null,"after":null})",
       "the operation 't' (the table was truncated) is none of a row"},
      {R"({"op":"m","message":{}})", "the operation 'm' (a message) is none of a row"},
      {R"({"op":"x","after":{}})", "the operation 'x' is unknown: of a row it is c, r, u or d"},
      {R"({"op":1,"after":{}})", "an unknown operation"},
      {R"({"op":"c","after":{"id":"x"}})", "'id': \"x\" is not an INTEGER"},
      {R"({"op":"c","after":{"id":1})", "malformed JSON: the object does not end at byte 26"},
      {R"({"op":"c","after":{"id":1}}})",
       "malformed JSON: something follows the object at byte 27"},
      {R"({"op":"c","after":{"id":1},"after":{"id":2}})", "'after' appears twice"},
      {"[]", "not a JSON object of at most 4 GiB"},
      {"", "the record is empty"},
      {R"({"op":"c","after":{"id":1},"source":{"ts_ms":})", "malformed JSON: "},
      {"{\"op\":\"c\",\"after\":{\"id\":1},\"x\":\"\xFF\"}", "not UTF-8"},
  };
  std::vector<std::string> payloads;
  for (const auto& [payload, reason] : cases) payloads.emplace_back(payload);
  payloads.emplace_back(R"({"op":"c","after":{}})");
  const Decoded decoded = decode_all(*format, payloads, "SELECT id::VARCHAR FROM input");
  EXPECT_THAT(decoded.rows, ElementsAre(ElementsAre("NULL")));
  ASSERT_THAT(decoded.rejections, SizeIs(std::size(cases)));
  for (size_t i = 0; i < std::size(cases); ++i) {
    EXPECT_THAT(decoded.rejections[i].reason, testing::StartsWith(cases[i].second)) << payloads[i];
  }
}

TEST(DebeziumFormat, LeavesNothingOfARejectedRecordInTheNextRow) {
  const Decoded decoded = decode_all(*debezium(with_columns({{"a", "INTEGER"}, {"b", "VARCHAR"}})),
                                     {R"({"after":{"a":null,"b":null},"op":"x"})",
                                      R"({"before":{"a":1,"b":"one"},"after":null,"op":"d"})",
                                      R"({"before":{"a":2},"after":{"a":null,"b":null},"op":"d"})",
                                      R"({"after":{"a":3,"b":"three"},"op":"c"})"},
                                     "SELECT a::VARCHAR, b FROM input");
  EXPECT_THAT(decoded.rows, ElementsAre(ElementsAre("1", "one"), ElementsAre("2", "NULL"),
                                        ElementsAre("3", "three")));
}

TEST(DebeziumFormat, ReadsEventsBehindARegistrysHeader) {
  DebeziumOptions options = with_columns({{"id", "INTEGER"}});
  options.is_framed = true;
  const std::string header = std::string(4, '\0') + '\7';
  const Decoded decoded =
      decode_all(*debezium(options), {header + R"({"op":"c","after":{"id":1}})", "{}", kTombstone},
                 "SELECT id::VARCHAR FROM input");
  EXPECT_THAT(decoded.rows, ElementsAre(ElementsAre("1")));
  ASSERT_THAT(decoded.rejections, SizeIs(1));
  EXPECT_EQ(decoded.rejections[0].reason,
            "the record does not begin with a zero byte and a schema's id");
}

TEST(DebeziumFormat, RefusesColumnsThatTheEnvelopeHas) {
  DebeziumOptions options = with_columns({{"_OP", "INTEGER"}});
  EXPECT_THAT(make_debezium_format(options).status().message(),
              HasSubstr("the column '_op' is the envelope's own"));
}

}  // namespace
}  // namespace lakeward::format
