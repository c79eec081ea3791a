// The Kafka sink's declaration, and what only librdkafka's mock cluster can answer: brokers that
// refuse or fail on command. What transactions do is in tests/integration/kafka.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/kafka/mock_brokers.h"
#include "connectors/kafka/test_consumer.h"
#include "connectors/source_driver.h"

namespace lakeward::test {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr int16_t kProduce = 0;
constexpr int16_t kInitProducerId = 22;
constexpr int16_t kTxnOffsetCommit = 28;

config::Problems check_options(const OptionList& given) {
  const World world;
  config::Problems problems;
  world.registry.sink("kafka")->check(options(given), problems);
  return problems;
}

// `FORMAT: {registry: …, more}`.
config::Value by_registry(const std::string& format, OptionList more) {
  more.emplace_back("registry", options({{"url", scalar("http://localhost:8081")}}));
  return options({{format, options(more)}});
}
config::Value avro(OptionList more = {}) { return by_registry("avro", std::move(more)); }
config::Value json(OptionList more = {}) { return by_registry("json", std::move(more)); }

config::Value list(const std::vector<std::string>& texts) {
  config::Value::List values;
  for (const std::string& text : texts) values.push_back(scalar(text));
  return config::Value(std::move(values), config::Location());
}

struct WrongOption {
  OptionList options;
  std::string message;
};

TEST(KafkaSinkOptions, NamesWhatIsWrong) {
  const WrongOption cases[] = {
      {{{"topic", scalar("a b")}}, "'a b' cannot be a topic's name"},
      {{{"encode", scalar("csv")}},
       "'encode' must be json, {json: {registry: NAME}}, {avro: {registry: NAME}}, or {raw"},
      {{{"encode", scalar("avro")}}, "'registry' is missing: The schema registry that gives"},
      {{{"encode", avro({{"subject_strategy", scalar("topic")}})}},
       "'subject_strategy' must be one of topic_name, record_name, topic_record_name, not 'topic'"},
      {{{"encode", avro({{"subject", scalar("s")}, {"subject_strategy", scalar("topic_name")}})}},
       "'subject_strategy' is of no use beside 'subject'"},
      {{{"encode", avro({{"record_name", scalar("my shop.Order")}})}},
       "'record_name': 'my shop.Order' is no name for an Avro record"},
      {{{"encode", avro({{"schema", scalar("\"int\"")}})}}, "'schema': it is no record"},
      {{{"encode", avro({{"schema", scalar("{")}})}}, "'schema': the Avro schema is not JSON"},
      {{{"encode", avro({{"schema", scalar(R"({"type":"record","name":"R","fields":[]})")},
                         {"record_name", scalar("R")}})}},
       "'record_name' is of no use with 'schema'"},
      {{{"encode", avro({{"subjekt", scalar("s")}})}}, "did you mean 'subject'?"},
      {{{"encode", options({{"json", options({{"subject", scalar("s")}})}})}},
       "'subject' needs a 'registry'"},
      {{{"encode", json({{"schema", scalar("[]")}})}}, "'schema': a JSON Schema is an object, not"},
      {{{"encode", json({{"schema", options({})}})}}, "'schema' must be a JSON Schema as JSON"},
      {{{"encode", json({{"schema", scalar("{}")}, {"record_name", scalar("R")}})}},
       "'record_name' is of no use with 'schema'"},
      {{{"encode_key", scalar("json")}}, "'encode_key' needs a 'key'"},
      {{{"key", scalar("a")}, {"encode_key", scalar("csv")}}, "'encode_key' must be raw, json,"},
      {{{"key", scalar("a")}, {"encode_key", options({{"raw", scalar("a")}})}},
       "'raw' names no column here: 'key' does"},
      {{{"key", scalar("a")}, {"encode_key", avro({{"schema", scalar("{")}})}},
       "'schema': the Avro schema is not JSON"},
      {{{"key", list({"a", "b"})}}, "'key' names several columns; say how they become one"},
      {{{"key", list({})}}, "'key' must be a column, or a list of columns"},
      {{{"key", options({{"a", scalar("b")}})}}, "'key' must be a column, or a list of columns"},
      {{{"encode", options({{"raw", options({})}})}}, "'raw' must name a column"},
      {{{"encode", scalar("raw")}, {"exclude", scalar("a")}}, "'exclude' is of no use"},
      {{{"headers", config::Value(config::Value::List{}, {})}}, "'headers' must be a column"},
      {{{"create_topic", scalar("maybe")}}, "'create_topic' must be true, false, or a map"},
      {{{"create_topic", options({{"partitions", scalar("0")}})}},
       "'partitions' must be a whole number, at least 1"},
      {{{"create_topic", options({{"partition", scalar("3")}})}}, "did you mean 'partitions'?"},
      {{{"delivery", scalar("at_least_once")}, {"transactional_id", scalar("x")}},
       "'transactional_id' is of no use"},
      {{{"transaction_timeout", scalar("10ms")}}, "must be at least 1s"},
      {{{"linger", scalar("5m")}}, "'linger' must be between 0s and less than 5 min"},
      {{{"linger", scalar("10s")}, {"transaction_timeout", scalar("10s")}}, "less than 10 s"},
      {{{"properties", options({{"acks", scalar("1")}})}}, "all in-sync replicas"},
      {{{"properties", options({{"transactional.id", scalar("x")}})}},
       "say it in 'transactional_id'"},
      {{{"properties", options({{"linger", scalar("1")}})}}, "librdkafka has no property"},
  };
  for (const WrongOption& wrong : cases) {
    OptionList given = wrong.options;
    given.emplace_back("brokers", scalar("localhost:9092"));
    if (wrong.options[0].first != "topic") given.emplace_back("topic", scalar("t"));
    const config::Problems problems = check_options(given);
    ASSERT_THAT(problems, SizeIs(1)) << wrong.message;
    EXPECT_THAT(problems[0].message, HasSubstr(wrong.message));
  }
}

TEST(KafkaSinkOptions, SayWhichTransactionalIdOnlyOneSinkCanHave) {
  const World world;
  const auto id = [&](OptionList more) {
    more.emplace_back("topic", scalar("t"));
    more.emplace_back("brokers", scalar("one:9092"));
    return world.registry.sink("kafka")->holds("p", options(more));
  };
  EXPECT_THAT(id({}), HasSubstr("the transactional id 'lakeward.p.t' at one:9092"));
  EXPECT_THAT(id({{"transactional_id", scalar("mine")}}), HasSubstr("'mine'"));
  EXPECT_EQ(id({{"delivery", scalar("at_least_once")}}), "");
}

// What the sink of this type says of rows that it is to write.
config::Problems check_rows(const std::string& sink, const OptionList& given,
                            const engine::Schema& rows) {
  const World world;
  const auto session = world.database->make_session().value();
  config::Problems problems;
  world.registry.sink(sink)->check_rows(options(given),
                                        engine::resolve_types(*session, rows).value(), problems);
  return problems;
}

TEST(KafkaSinkOptions, NamesColumnsThatTheRowsDoNotHave) {
  OptionList given = {{"key", list({"n", "devise"})},
                      {"encode_key", scalar("json")},
                      {"exclude", scalar("n")},
                      {"headers", options({{"h", scalar("x")}})}};
  for (const char* sink : {"kafka", "event_hubs"}) {
    const config::Problems problems =
        check_rows(sink, given, {{"device", "VARCHAR"}, {"n", "BIGINT"}});
    ASSERT_THAT(problems, SizeIs(2));
    EXPECT_THAT(problems[0].message, HasSubstr("'key' names a column 'devise' that the result does "
                                               "not have; did you mean 'device'?"));
    EXPECT_THAT(problems[1].message, HasSubstr("'headers' names a column 'x'"));
  }
}

struct UnfitColumn {
  OptionList options;
  std::string column;
  std::string type;
  std::string message;  // "": there is nothing wrong
};

TEST(KafkaSinkOptions, NamesColumnsThatCannotBeWritten) {
  const UnfitColumn cases[] = {
      {{{"encode", avro()}}, "a b", "VARCHAR", "the column 'a b' has no name that Avro allows"},
      {{{"encode", avro()}}, "odd", "INTERVAL", "column 'odd': its type has no equal in Avro"},
      {{{"encode", avro()}, {"exclude", scalar("odd")}}, "odd", "INTERVAL", ""},
      {{{"encode", avro()}}, "odd", "MAP(INTEGER, VARCHAR)", "the keys of a map are text in Avro"},
      {{{"encode", avro({{"schema", scalar(R"({"type": "record", "name": "R", "fields": [
          {"name": "n", "type": "long"}, {"name": "odd", "type": "int"}]})")}})}},
       "odd",
       "BIGINT",
       "the column 'odd' cannot be written as the schema's int"},
      {{{"encode", json({{"schema", scalar(R"({"properties": {"odd": {"type": "string"}}})")}})}},
       "odd",
       "BIGINT",
       "the column 'odd' is written as integer, but the schema says string"},
      {{}, "odd", "BIT", "the column 'odd' has a BIT"},
      {{{"partition", scalar("odd")}}, "odd", "VARCHAR", "'odd' of 'partition' is no whole number"},
      {{{"partition", scalar("odd")}}, "odd", "UBIGINT", ""},
      {{{"timestamp", scalar("odd")}}, "odd", "VARCHAR", "'odd' of 'timestamp' is no TIMESTAMP"},
      {{{"timestamp", scalar("odd")}}, "odd", "UBIGINT", "and no BIGINT of milliseconds"},
      {{{"timestamp", scalar("odd")}}, "odd", "BIGINT", ""},
      {{{"timestamp", scalar("odd")}}, "odd", "DATE", ""},
      {{{"headers", scalar("odd")}}, "odd", "INTEGER[]", "'odd' of 'headers' must be a MAP"},
      {{{"headers", scalar("odd")}}, "odd", "MAP(VARCHAR, INTEGER)", "MAP(VARCHAR, BLOB), or JSON"},
      {{{"headers", scalar("odd")}}, "odd", "MAP(VARCHAR, BLOB)", ""},
      {{{"encode", options({{"raw", scalar("odd")}})}}, "odd", "BIGINT", "is neither text nor"},
      {{{"encode", scalar("raw")}}, "odd", "VARCHAR", "needs to know which of 2 columns"},
      {{{"encode", scalar("raw")}, {"key", scalar("n")}}, "odd", "VARCHAR", ""},
      {{{"encode", scalar("raw")}, {"timestamp", scalar("n")}}, "odd", "BIGINT", "is neither text"},
      {{{"key", scalar("odd")}}, "odd", "BIGINT", ""},
      {{{"key", scalar("odd")}, {"encode_key", avro()}}, "odd", "INTERVAL", "column 'odd': its"},
      {{{"key", list({"n", "odd"})}, {"encode_key", avro()}}, "odd", "INTERVAL", "column 'odd'"},
      {{{"key", scalar("n")}, {"encode_key", avro()}}, "odd", "INTERVAL", ""},
      {{{"key", scalar("n")}, {"encode_key", avro({{"subject_strategy", scalar("record_name")}})}},
       "odd",
       "BIGINT",
       "'subject_strategy' names the subject by the record"},
  };
  for (const UnfitColumn& unfit : cases) {
    OptionList given = unfit.options;
    given.emplace_back("topic", scalar("t"));
    const auto problems = check_rows("kafka", given, {{"n", "BIGINT"}, {unfit.column, unfit.type}});
    ASSERT_THAT(problems, SizeIs(unfit.message.empty() ? 0 : 1)) << unfit.message;
    if (problems.empty()) continue;
    EXPECT_THAT(problems[0].message, HasSubstr(unfit.message));
  }
}

class KafkaSink : public ::testing::Test {
 protected:
  KafkaSink() { brokers.create_topic("t", 2); }

  std::unique_ptr<stream::Sink> make(OptionList more = {}, const std::string& topic = "t") {
    more.emplace_back("topic", scalar(topic));
    more.emplace_back("brokers", scalar(brokers.address()));
    auto sink = world.registry.sink("kafka")->make(
        {.pipeline = "p", .query_id = "q", .options = options(more)}, world.environment);
    EXPECT_TRUE(sink.ok()) << sink.status().message();
    return std::move(sink).value();
  }
  Status put(stream::Sink& sink, const std::string& select, int64_t epoch) {
    const auto session = world.database->make_session().value();
    ASSIGN_OR_RETURN(stream::Committable written,
                     sink.writer().write(*session, select, {epoch, {}}));
    return sink.committer().commit({epoch, {}}, std::move(written), {});
  }
  std::vector<std::string> values() {
    return read_values({{"bootstrap.servers", brokers.address()}}, "t");
  }

  MockBrokers brokers;
  World world;
};

// A schema registry that answers as it is told.
class ScriptedRegistrar final : public format::SchemaRegistrar {
 public:
  Result<uint32_t> schema_id(const std::string& subject, const format::RegisteredSchema&,
                             bool) override {
    asked.push_back(subject);
    if (!answer.ok()) return answer;
    return 7u;
  }
  Status reach() override { return ok_status(); }
  const std::string& name() const override { return name_; }
  Status answer;
  std::vector<std::string> asked;

 private:
  std::string name_ = "the schema registry";
};

TEST_F(KafkaSink, WritesAvroWhenTheSchemaRegistryIsBack) {
  const auto registrar = std::make_shared<ScriptedRegistrar>();
  world.environment.schema_registrar = [&](const config::Value& given) {
    EXPECT_EQ(given.find("url")->text(), "http://localhost:8081");
    return std::shared_ptr<format::SchemaRegistrar>(registrar);
  };
  const auto sink = make({{"encode", avro()}, {"exclude", scalar("k")}, {"key", scalar("k")}});
  EXPECT_TRUE(sink->writer().check({{"k", "VARCHAR"}, {"a", "INTEGER"}}).ok());
  EXPECT_THAT(registrar->asked, SizeIs(0)) << "a check changes nothing";
  const std::string rows = "SELECT 'key' AS k, 3 AS a";
  registrar->answer = unavailable("the schema registry: connection refused");
  EXPECT_TRUE(put(*sink, rows, 0).retriable());
  EXPECT_THAT(values(), SizeIs(0));
  registrar->answer = ok_status();
  ASSERT_TRUE(put(*sink, rows, 0).ok());
  ASSERT_TRUE(put(*sink, rows, 1).ok());
  const std::string value = std::string("\0\0\0\0\7", 5) + "\2\6";
  EXPECT_THAT(values(), ElementsAre(value, value));
  EXPECT_THAT(registrar->asked, ElementsAre("t-value", "t-value")) << "once it has answered: never";
}

struct WrittenKey {
  OptionList options;
  std::string key;
};

TEST_F(KafkaSink, WritesKeysAsTheyAreEncoded) {
  const auto registrar = std::make_shared<ScriptedRegistrar>();
  world.environment.schema_registrar = [&](const config::Value&) {
    return std::shared_ptr<format::SchemaRegistrar>(registrar);
  };
  const std::string header("\0\0\0\0\7", 5);
  const WrittenKey cases[] = {
      {{{"key", scalar("n")}}, "7"},
      {{{"key", list({"n"})}}, "7"},
      {{{"key", scalar("n")}, {"encode_key", scalar("json")}}, "7"},
      {{{"key", list({"n", "k"})}, {"encode_key", scalar("json")}}, R"({"n":7,"k":"a"})"},
      {{{"key", scalar("n")}, {"encode_key", json()}}, header + "7"},
      {{{"key", scalar("n")}, {"encode_key", avro()}}, header + "\x0e"},
      {{{"key", list({"k", "n"})}, {"encode_key", avro()}}, header + "\2a\x0e"},
  };
  int64_t epoch = 0;
  for (const WrittenKey& one : cases) {
    const auto sink = make(one.options);
    const std::string rows = "SELECT 7 AS n, 'a' AS k UNION ALL SELECT NULL, NULL";
    const Status status = put(*sink, rows, epoch++);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  std::vector<std::optional<std::string>> keys;
  for (const auto& message : read_topic({{"bootstrap.servers", brokers.address()}}, "t")) {
    keys.push_back(message.key);
  }
  std::vector<std::optional<std::string>> expected;
  for (const WrittenKey& one : cases) expected.insert(expected.end(), {one.key, std::nullopt});
  EXPECT_THAT(keys, testing::UnorderedElementsAreArray(expected));
  EXPECT_THAT(registrar->asked, ElementsAre("t-key", "t-key", "t-key"));
}

struct MissingColumn {
  OptionList options;
  std::string message;
};

TEST_F(KafkaSink, NamesAColumnThatDoesNotFit) {
  const MissingColumn cases[] = {
      {{{"key", scalar("devise")}},
       "'key' names the column 'devise', which the rows do not have; did you mean 'device'?"},
      {{{"headers", options({{"h", scalar("x")}})}}, "'headers' names the column 'x'"},
      {{{"headers", scalar("n")}}, "'n' of 'headers' must be a MAP"},
      {{{"timestamp", scalar("device")}}, "'device' of 'timestamp' is no TIMESTAMP"},
      {{{"partition", scalar("device")}}, "'device' of 'partition' is no whole number"},
      {{{"exclude", scalar("x")}}, "'exclude' names the column 'x'"},
      {{{"encode", scalar("raw")}}, "which of 2 columns is the value"},
      {{{"encode", options({{"raw", scalar("n")}})}}, "'n' is neither text nor bytes"},
  };
  for (const MissingColumn& wrong : cases) {
    const Status status =
        make(wrong.options)->writer().check({{"device", "VARCHAR"}, {"n", "BIGINT"}});
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(status.message(), HasSubstr(wrong.message));
  }
  const Status odd = make()->writer().check({{"odd", "BIT"}});
  EXPECT_THAT(odd.message(), HasSubstr("the column 'odd' has a BIT"));
}

TEST_F(KafkaSink, TakesTheOnlyOtherColumnAsARawValue) {
  const auto sink = make({{"encode", scalar("raw")}, {"key", scalar("k")}});
  ASSERT_TRUE(put(*sink, "SELECT 'value' AS v, 'key' AS k", 0).ok());
  EXPECT_THAT(values(), ElementsAre("value"));
}

struct TimeCase {
  std::string sql;
  int64_t timestamp_ms;
};

TEST_F(KafkaSink, SendsTheTimeThatAColumnSays) {
  const TimeCase cases[] = {
      {"TIMESTAMPTZ '1970-01-01T00:00:00Z'", 1},  // 0 means now to librdkafka
      {"TIMESTAMPTZ '2026-01-01T00:00:00.250Z'", 1'767'225'600'250},
      {"TIMESTAMP '2026-01-01 00:00:00.25'", 1'767'225'600'250},
      {"DATE '2026-01-01'", 1'767'225'600'000},
      {"make_timestamptz(9223372036854775000)", 9'223'372'036'854'775},  // no TIMESTAMP in any zone
      {"1767225600250", 1'767'225'600'250},
      {"1764153033000000000", 1'764'153'033'000'000'000},  // nanoseconds, by mistake
      {"1::UTINYINT", 1},
  };
  int64_t epoch = 0;
  for (const TimeCase& one : cases) {
    const auto sink =
        make({{"timestamp", scalar("t")}, {"encode", options({{"raw", scalar("v")}})}});
    const Status sent = put(*sink, "SELECT " + one.sql + " AS t, 'a' AS v", epoch++);
    ASSERT_TRUE(sent.ok()) << one.sql << sent.message();
  }
  std::vector<int64_t> expected;
  for (const TimeCase& one : cases) expected.push_back(one.timestamp_ms);
  std::vector<int64_t> times;
  for (const auto& message : read_topic({{"bootstrap.servers", brokers.address()}}, "t")) {
    times.push_back(message.timestamp_ms);
  }
  EXPECT_THAT(times, testing::UnorderedElementsAreArray(expected));
}

// What has parts has no text that others could read, but JSON's.
TEST_F(KafkaSink, SendsNestedKeysAndHeadersAsJson) {
  const auto sink = make({{"key", scalar("m")},
                          {"headers", options({{"s", scalar("s")}, {"l", scalar("l")}})},
                          {"encode", options({{"raw", scalar("v")}})}});
  ASSERT_TRUE(put(*sink,
                  "SELECT MAP {'a': 'x', 'b': NULL} AS m, {'p': 1, 'q': 'z'} AS s, [1, 2] AS l, "
                  "'v' AS v",
                  0)
                  .ok());
  const auto messages = read_topic({{"bootstrap.servers", brokers.address()}}, "t");
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(messages[0].key, R"({"a":"x","b":null})");
  const std::vector<std::pair<std::string, std::optional<std::string>>> headers = {
      {"s", R"({"p":1,"q":"z"})"}, {"l", "[1,2]"}};
  EXPECT_EQ(messages[0].headers, headers);
}

TEST_F(KafkaSink, KeepsTheOrderOfRows) {
  const auto sink = make({{"partition", scalar("p")}, {"encode", options({{"raw", scalar("v")}})}});
  ASSERT_TRUE(put(*sink,
                  "SELECT (range % 2)::INTEGER AS p, range::VARCHAR AS v FROM range(20000) "
                  "ORDER BY range",
                  0)
                  .ok());
  std::vector<std::string> expected;
  for (int p = 0; p < 2; ++p) {
    for (int i = p; i < 20'000; i += 2) expected.push_back(std::to_string(i));
  }
  EXPECT_EQ(values(), expected);
}

struct Refusal {
  int16_t request;
  rd_kafka_resp_err_t error;
  StatusCode code;
  std::string message;
};

TEST_F(KafkaSink, SaysWhatTheUserMayNotDo) {
  const Refusal cases[] = {
      {kProduce, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, StatusCode::kInvalidArgument,
       "needs the permissions Describe and Write on the topic 't'"},
      {kInitProducerId, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
       StatusCode::kInvalidArgument, "on the transactional id 'lakeward.p.t'"},
      {kTxnOffsetCommit, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, StatusCode::kInvalidArgument,
       "needs the permission Read on the group 'lakeward.p.t'"},
      {kProduce, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, StatusCode::kInvalidArgument,
       "is larger than the topic 't' takes"},
      {kProduce, RD_KAFKA_RESP_ERR_POLICY_VIOLATION, StatusCode::kInvalidArgument,
       "the topic 't' does not take a record"},
  };
  for (const Refusal& refusal : cases) {
    const auto sink = make();
    brokers.fail_next(refusal.request, {refusal.error});
    const Status status = put(*sink, "SELECT 1 AS a", 0);
    EXPECT_EQ(status.code(), refusal.code) << status.message();
    EXPECT_THAT(status.message(), HasSubstr(refusal.message));
  }
}

TEST_F(KafkaSink, GoesOnAfterARefusal) {
  const auto sink = make();
  brokers.fail_next(kProduce, {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE});
  EXPECT_FALSE(put(*sink, "SELECT 1 AS a", 0).ok());
  const Status status = put(*sink, "SELECT 2 AS a", 0);
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(sink->committer().last_committed().value(), 0);
}

TEST_F(KafkaSink, SendsAgainWhatABrokerDidNotTakeForTheMoment) {
  const auto sink = make();
  brokers.fail_next(
      kProduce, {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT});
  const Status status = put(*sink, "SELECT 1 AS a", 0);
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_THAT(values(), ElementsAre(R"({"a":1})"));
}

// A broker that begins to lead refuses a producer's first batch and takes the next one, which was
// under way (KAFKA-15591). librdkafka takes the first for written then, and does not send it again.
TEST_F(KafkaSink, TakesNoRecordForWrittenOfWhichNoBrokerSaysWhere) {
  for (const char* delivery : {"exactly_once", "at_least_once"}) {
    brokers.create_topic(delivery, 1);
    const auto sink = make({{"delivery", scalar(delivery)},
                            {"properties", options({{"batch.num.messages", scalar("1")}})}},
                           delivery);
    brokers.set_round_trip(50);
    brokers.fail_next(kProduce, {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION});
    const std::string rows = "SELECT i AS a FROM range(4) AS t(i)";
    const Status status = put(*sink, rows, 0);
    EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status.message();
    // In a transaction, librdkafka itself mostly notices that a sequence number was skipped.
    EXPECT_THAT(status.message(), AnyOf(HasSubstr("without saying where"), HasSubstr("skipped")));
    brokers.set_round_trip(0);
    ASSERT_TRUE(put(*sink, rows, 0).ok());
    const auto written = read_values({{"bootstrap.servers", brokers.address()}}, delivery);
    for (int i = 0; i < 4; ++i) {
      EXPECT_THAT(written, Contains("{\"a\":" + std::to_string(i) + "}")) << delivery;
    }
  }
}

}  // namespace
}  // namespace lakeward::test
