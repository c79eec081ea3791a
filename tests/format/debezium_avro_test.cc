// Debezium's events in Avro, written by the project's own encoder. What Kafka Connect's converter
// and fastavro make of Debezium's own events is in tests/integration/schema_registry.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "engine/database.h"
#include "engine/session.h"
#include "format/avro_encoding.h"
#include "format/debezium_format.h"
#include "format/decoding.h"

namespace lakeward::format {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class MemoryRegistry final : public SchemaSource, public SchemaRegistrar {
 public:
  Result<RegisteredSchema> schema(uint32_t id) override {
    if (away) return unavailable("the registry is away");
    if (!schemas.contains(id)) return not_found("no such schema");
    return schemas[id];
  }
  Result<uint32_t> schema_id(const std::string&, const RegisteredSchema& schema, bool) override {
    schemas[next] = schema;
    return next++;
  }
  Status reach() override { return ok_status(); }
  const std::string& name() const override { return name_; }

  // In the last schema.
  void replace(const std::string& text, const std::string& by) {
    std::string& schema = schemas[next - 1].text;
    const size_t place = schema.find(text);
    ASSERT_NE(place, std::string::npos) << text << " in " << schema;
    schema.replace(place, text.size(), by);
  }

  std::map<uint32_t, RegisteredSchema> schemas;
  uint32_t next = 1;
  bool away = false;

 private:
  std::string name_ = "the test's registry";
};

constexpr const char* kSource =
    "{'ts_ms': 1741523696789, 'snapshot': 'false', 'db': 'shop', 'schema': 'public', "
    "'table': 'orders', 'lsn': 26835416, 'ts_us': 1741523696789012} AS source";

class DebeziumAvro : public ::testing::Test {
 protected:
  // A row of columns `before`, `after`, `source`, `op`, … as a framed record.
  std::string event(const std::string& columns) {
    AvroEncodingOptions options;
    options.topic = "t";
    options.record_name = "shop.Envelope";
    options.registrar = registry;
    const auto result = session->stream("SELECT " + columns);
    EXPECT_TRUE(result.ok()) << result.status().message();
    const auto encoder = make_avro_encoding(options)->make_encoder((*result)->types());
    EXPECT_TRUE(encoder.ok()) << encoder.status().message();
    const auto chunk = (*result)->next().value();
    std::vector<engine::VectorView> views;
    for (size_t i = 0; i < (*result)->schema().size(); ++i) views.push_back(chunk->column(i));
    Payloads payloads;
    EXPECT_TRUE((*encoder)->encode(views, chunk->rows(), payloads).ok());
    return std::string(payloads[0]);
  }
  std::unique_ptr<Format> format(engine::Schema columns,
                                 OnMalformed on_malformed = OnMalformed::kDeadLetter) {
    DebeziumOptions options;
    options.columns = std::move(columns);
    options.on_malformed = on_malformed;
    options.source = registry;
    auto made = make_debezium_format(options);
    EXPECT_TRUE(made.ok()) << made.status().message();
    return std::move(made).value();
  }
  std::string change(const std::string& op, const std::string& before, const std::string& after) {
    return event(before + "::STRUCT(id INTEGER, name VARCHAR) AS before, " + after +
                 "::STRUCT(id INTEGER, name VARCHAR) AS after, " + kSource + ", '" + op +
                 "' AS op, 7 AS ts_ms");
  }

  std::shared_ptr<MemoryRegistry> registry = std::make_shared<MemoryRegistry>();
  std::unique_ptr<engine::Database> database = [] {
    engine::DatabaseOptions options;
    options.memory_bytes = 256 << 20;
    options.threads = 1;
    return engine::Database::open(options).value();
  }();
  std::unique_ptr<engine::Session> session = database->make_session().value();
};

const engine::Schema kRow = {{"id", "INTEGER"}, {"name", "VARCHAR"}};

TEST_F(DebeziumAvro, ReadsTheStateBehindTheChangeOrBeforeADeletion) {
  const std::vector<std::string> events = {
      change("c", "NULL", "{'id': 1, 'name': 'Grüße'}"),
      change("u", "{'id': 1, 'name': 'Grüße'}", "{'id': 1, 'name': NULL}"),
      kTombstone,
      change("d", "{'id': 1, 'name': 'old'}", "NULL"),
      change("r", "NULL", "{'id': 2, 'name': 'b'}"),
  };
  const Decoded decoded = decode_all(*format(kRow), events);
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.message();
  EXPECT_THAT(decoded.rejections, IsEmpty());
  const std::string at = "2025-03-09 12:34:56.789012+00";
  EXPECT_THAT(decoded.rows,
              ElementsAre(ElementsAre("1", "Grüße", "c", at, "26835416", "public.orders", "false"),
                          ElementsAre("1", "NULL", "u", at, "26835416", "public.orders", "false"),
                          ElementsAre("1", "old", "d", at, "26835416", "public.orders", "false"),
                          ElementsAre("2", "b", "r", at, "26835416", "public.orders", "true")));
  EXPECT_THAT(decoded.row_records, ElementsAre(0, 1, 3, 4)) << "the tombstone is skipped";
}

TEST_F(DebeziumAvro, ReadsOnlyWhatTheQueryUses) {
  const auto events = {change("c", "NULL", "{'id': 1, 'name': 'a'}")};
  EXPECT_THAT(decode_all(*format(kRow), events, "SELECT name FROM input").rows,
              ElementsAre(ElementsAre("a")));
  EXPECT_THAT(decode_all(*format(kRow), events, "SELECT _op FROM input").rows,
              ElementsAre(ElementsAre("c")));
}

TEST_F(DebeziumAvro, KnowsTypesByTheNamesThatConnectGivesThem) {
  const std::string record = event(
      std::string("{'day': 20156::INTEGER, 'moment': 1741523696789012::BIGINT, 'extra': "
                  "'{\"k\": [1, null]}', 'tags': ['a', 'b'], 'amount': -0.01::DECIMAL(12,2)} AS "
                  "after, ") +
      kSource + ", 'c' AS op");
  registry->replace(R"("name":"day","type":["null","int"])",
                    R"("name":"day","type":["null",{"type":"int","connect.version":1,)"
                    R"("connect.name":"io.debezium.time.Date"}])");
  registry->replace(R"("name":"moment","type":["null","long"])",
                    R"("name":"moment","type":["null",{"type":"long",)"
                    R"("connect.name":"io.debezium.time.MicroTimestamp"}])");
  const Decoded decoded = decode_all(*format({{"day", "DATE"},
                                              {"moment", "TIMESTAMP"},
                                              {"extra", "JSON"},
                                              {"tags", "VARCHAR[]"},
                                              {"amount", "DECIMAL(12,2)"},
                                              {"later", "INTEGER"}}),
                                     {record},
                                     "SELECT day::VARCHAR, moment::VARCHAR, extra, tags, "
                                     "amount::VARCHAR, later::VARCHAR FROM input");
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.message();
  ASSERT_THAT(decoded.rejections, IsEmpty()) << decoded.rejections[0].reason;
  EXPECT_THAT(decoded.rows,
              ElementsAre(ElementsAre("2025-03-09", "2025-03-09 12:34:56.789012",
                                      R"({"k": [1, null]})", R"(["a","b"])", "-0.01", "NULL")));
}

TEST_F(DebeziumAvro, ReadsDecimalsFromTheirText) {
  const std::pair<const char*, const char*> cases[] = {
      {"19.90", "19.90"},
      {"-0.01", "-0.01"},
      {"7", "7.00"},
      {".5", "0.50"},
      {"1.500", "1.50"},
      {"9999999999.99", "9999999999.99"},
      {"-0", "0.00"},
      {"1.005", nullptr},
      {"10000000000", nullptr},
      {"1e3", nullptr},
      {"", nullptr},
      {"-", nullptr},
      {"1.2.3", nullptr},
      {"NaN", nullptr},
      {" 1", nullptr},
      {"123456789012345678901234567890123456789", nullptr},
  };
  for (const auto& [text, value] : cases) {
    SCOPED_TRACE(text);
    const std::string record =
        event(std::string("{'a': '") + text + "'} AS after, " + kSource + ", 'c' AS op");
    const Decoded decoded =
        decode_all(*format({{"a", "DECIMAL(12,2)"}}), {record}, "SELECT a::VARCHAR FROM input");
    if (value != nullptr) {
      EXPECT_THAT(decoded.rows, ElementsAre(ElementsAre(value)));
      continue;
    }
    ASSERT_THAT(decoded.rejections, SizeIs(1));
    EXPECT_THAT(decoded.rejections[0].reason, HasSubstr(" is not a DECIMAL(12,2)"));
  }
}

TEST_F(DebeziumAvro, LeavesWhatTheSourceDoesNotSayNull) {
  const std::string record = event(
      "{'id': 1, 'name': 'a'} AS after, {'ts_ms': NULL::BIGINT, 'table': 'x', "
      "'scn': '12'} AS source, 'c' AS op");
  const Decoded decoded = decode_all(*format(kRow), {record});
  EXPECT_THAT(decoded.rows, ElementsAre(ElementsAre("1", "a", "c", "NULL", "NULL", "x", "false")));
}

TEST_F(DebeziumAvro, RejectsWhatIsNoChangeOfARow) {
  std::string cut = change("c", "NULL", "{'id': 1, 'name': 'a'}");
  std::string more = cut + "x";
  cut.resize(cut.size() - 1);
  struct Case {
    std::string record;
    const char* reason;
  };
  const Case cases[] = {
      {change("t", "NULL", "NULL"), "the operation 't' (the table was truncated) is none of a row"},
      {change("m", "NULL", "NULL"), "the operation 'm' (a message) is none of a row"},
      {change("x", "NULL", "NULL"), "the operation 'x' is unknown: of a row it is c, r, u or d"},
      {change("u", "NULL", "NULL"), "the operation 'u' comes without 'after'"},
      {change("d", "NULL", "{'id': 1, 'name': 'a'}"), "the operation 'd' comes without 'before'"},
      {event("1 AS id, 'a' AS name"),
       "is not that of change events: it has no 'op'; flat rows are decoded by `decode: avro`"},
      {event("1 AS after, 'c' AS op"),
       "is not that of change events: its field 'after' is no record"},
      {event("'c' AS op"), "is not that of change events: it has no 'after'"},
      {event("{'id': 'x', 'name': 'a'} AS after, 'c' AS op"),
       "'id': the writer's string cannot be read as an INTEGER"},
      {"{}", "the record does not begin with a zero byte"},
      {std::string("\0\0\0\x7F\x7F", 5), "schema 32639 is not known to the test's registry"},
      {cut, "malformed Avro: the record ends in a value"},
      {more, "malformed Avro: something follows the value"},
  };
  for (const Case& wrong : cases) {
    const Decoded decoded =
        decode_all(*format(kRow), {wrong.record, change("c", "NULL", "{'id': 5, 'name': 'e'}")});
    ASSERT_THAT(decoded.rejections, SizeIs(1)) << wrong.reason;
    EXPECT_THAT(decoded.rejections[0].reason, HasSubstr(wrong.reason));
    ASSERT_THAT(decoded.rows, SizeIs(1));
    EXPECT_THAT(decoded.rows[0], ::testing::Contains("e"));
  }
}

TEST_F(DebeziumAvro, FailsAsAWholeWhileTheRegistryIsAway) {
  const std::vector<std::string> events = {change("c", "NULL", "{'id': 1, 'name': 'a'}")};
  registry->away = true;
  const Decoded decoded = decode_all(*format(kRow), events);
  EXPECT_FALSE(decoded.status.ok());
  EXPECT_THAT(decoded.status.message(), HasSubstr("the registry is away"));
  EXPECT_THAT(decoded.rejections, IsEmpty());
}

TEST_F(DebeziumAvro, MakesARowOfNullsWhereThatIsAskedFor) {
  const Decoded decoded =
      decode_all(*format(kRow, OnMalformed::kNull), {change("t", "NULL", "NULL")});
  EXPECT_THAT(decoded.rows,
              ElementsAre(ElementsAre("NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL")));
}

TEST_F(DebeziumAvro, HasTheColumnsOfTheEnvelopeBehindThoseOfTheRow) {
  const auto made = format(kRow);
  ASSERT_THAT(made->declared(), SizeIs(7));
  EXPECT_EQ(made->declared()[2], envelope_columns()[0]);
  DebeziumOptions options;
  options.columns = {{"_OP", "VARCHAR"}};
  options.source = registry;
  EXPECT_THAT(make_debezium_format(options).status().message(),
              HasSubstr("'_op' is the envelope's own"));
}

}  // namespace
}  // namespace lakeward::format
