// The Kafka sink against a real broker: what transactions do, and what the broker refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "connectors/kafka/test_consumer.h"
#include "integration/kafka/broker_fixture.h"
#include "support/sink_conformance.h"

namespace lakeward::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Optional;
using ::testing::Pair;

class KafkaBrokerSink : public KafkaBroker {
 protected:
  KafkaBrokerSink() { admin.create_topic(topic, 1); }

  std::unique_ptr<stream::Sink> make(OptionList more = {}, const std::string& query_id = "q") {
    const auto given = [&](const std::string& name) {
      return std::any_of(more.begin(), more.end(), [&](auto& one) { return one.first == name; });
    };
    if (!given("topic")) more.emplace_back("topic", scalar(topic));
    if (!given("brokers")) more.emplace_back("brokers", scalar(address));
    auto sink = world.registry.sink("kafka")->make(
        {.pipeline = "p", .query_id = query_id, .options = options(more)}, world.environment);
    EXPECT_TRUE(sink.ok()) << sink.status().message();
    return std::move(sink).value();
  }
  Result<stream::Committable> write(stream::Sink& sink, const std::string& select, int64_t epoch) {
    const auto session = world.database->make_session().value();
    return sink.writer().write(*session, select, {epoch, {}});
  }
  Status commit(stream::Sink& sink, stream::Committable written, int64_t epoch) {
    return sink.committer().commit({epoch, {}}, std::move(written), {});
  }
  Status put(stream::Sink& sink, const std::string& select, int64_t epoch) {
    ASSIGN_OR_RETURN(stream::Committable written, write(sink, select, epoch));
    return commit(sink, std::move(written), epoch);
  }
  void expect_put(stream::Sink& sink, const std::string& select, int64_t epoch) {
    const Status status = put(sink, select, epoch);
    EXPECT_TRUE(status.ok()) << status.message();
    await_transactions(properties(), topic);
  }
  std::vector<std::string> values() { return read_values(properties(), topic); }
  std::vector<std::string> all_values() {
    return read_values(properties({{"isolation.level", "read_uncommitted"}}), topic);
  }

  TestProducer admin{properties()};
};

TEST_F(KafkaBrokerSink, WritesEachEpochOnce) {
  expect_put(*make(), "SELECT 1 AS a", 0);
  expect_put(*make(), "SELECT 2 AS a", 1);
  expect_put(*make(), "SELECT 2 AS a", 1);
  const auto sink = make();
  EXPECT_THAT(sink->committer().last_committed().value(), Optional(1));
  expect_put(*sink, "SELECT 2 AS a", 1);
  expect_put(*sink, "SELECT 3 AS a WHERE false", 2);
  expect_put(*sink, "SELECT 4 AS a", 3);
  EXPECT_THAT(values(), ElementsAre(R"({"a":1})", R"({"a":2})", R"({"a":4})"));
  EXPECT_THAT(make()->committer().last_committed().value(), Optional(3));
}

TEST_F(KafkaBrokerSink, ShowsNothingBeforeTheCommit) {
  const auto sink = make();
  auto written = write(*sink, "SELECT range AS a FROM range(3)", 0).value();
  EXPECT_EQ(written.rows, 3u);
  EXPECT_EQ(all_values().size(), 3u);
  EXPECT_THAT(values(), IsEmpty());
  sink->writer().discard(std::move(written));
  EXPECT_EQ(sink->committer().last_committed().value(), std::nullopt);
  expect_put(*sink, "SELECT 9::BIGINT AS a", 0);
  EXPECT_THAT(values(), ElementsAre(R"({"a":9})"));
}

TEST_F(KafkaBrokerSink, RepeatsAnEpochWhoseProcessDiedBeforeTheCommit) {
  const auto died = make();
  ASSERT_TRUE(write(*died, "SELECT 1 AS a", 0).ok());  // its transaction stays open
  const auto sink = make();
  EXPECT_EQ(sink->committer().last_committed().value(), std::nullopt);
  expect_put(*sink, "SELECT 1 AS a", 0);
  EXPECT_THAT(values(), ElementsAre(R"({"a":1})"));
}

TEST_F(KafkaBrokerSink, EndsATransactionThatAnotherSinksFailureLeftOpen) {
  const auto sink = make();
  ASSERT_TRUE(write(*sink, "SELECT 1 AS a", 0).ok());
  expect_put(*sink, "SELECT 1 AS a", 0);
  EXPECT_THAT(values(), ElementsAre(R"({"a":1})"));
}

TEST_F(KafkaBrokerSink, FencesAProcessThatItReplaces) {
  const auto zombie = make();
  auto written = write(*zombie, "SELECT 'zombie' AS a", 0).value();
  const auto sink = make();
  EXPECT_EQ(sink->committer().last_committed().value(), std::nullopt);
  const Status late = commit(*zombie, std::move(written), 0);
  EXPECT_EQ(late.code(), StatusCode::kConflict) << late.message();
  EXPECT_THAT(late.message(), HasSubstr("another process writes as 'lakeward.p." + topic + "'"));
  expect_put(*sink, "SELECT 1 AS a", 0);
  EXPECT_THAT(values(), ElementsAre(R"({"a":1})"));
}

TEST_F(KafkaBrokerSink, FencesAProcessThatGoesOnWriting) {
  const auto zombie = make();
  expect_put(*zombie, "SELECT 0 AS a", 0);
  const auto sink = make();
  expect_put(*sink, "SELECT 1 AS a", 1);
  const Status late = put(*zombie, "SELECT 9 AS a", 1);
  EXPECT_EQ(late.code(), StatusCode::kConflict) << late.message();
  EXPECT_THAT(values(), ElementsAre(R"({"a":0})", R"({"a":1})"));
}

TEST_F(KafkaBrokerSink, BeginsAnewWithAnotherCheckpoint) {
  expect_put(*make(), "SELECT 1 AS a", 7);
  const auto sink = make({}, "another query");
  EXPECT_EQ(sink->committer().last_committed().value(), std::nullopt);
  expect_put(*sink, "SELECT 2 AS a", 0);
  EXPECT_THAT(make({}, "another query")->committer().last_committed().value(), Optional(0));
}

TEST_F(KafkaBrokerSink, SaysThatATransactionWasOpenForTooLong) {
  const auto sink = make({{"transaction_timeout", scalar("1s")}});
  auto written = write(*sink, "SELECT 1 AS a", 0).value();
  admin.send(topic, 0, {{"behind it"}});
  // Once the brokers have given the transaction up.
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(3);
  while (values().empty()) ASSERT_LT(std::chrono::steady_clock::now(), end);
  const Status late = commit(*sink, std::move(written), 0);
  EXPECT_EQ(late.code(), StatusCode::kUnavailable) << late.message();
  EXPECT_THAT(late.message(), HasSubstr("raise 'transaction_timeout'"));
  expect_put(*sink, "SELECT 1 AS a", 0);
  EXPECT_THAT(values(), ElementsAre("behind it", R"({"a":1})"));
}

TEST_F(KafkaBrokerSink, NamesATransactionTimeoutThatTheBrokersRefuse) {
  const Status status =
      make({{"transaction_timeout", scalar("16m")}})->committer().last_committed().status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status.message();
  EXPECT_THAT(status.message(), HasSubstr("transaction.max.timeout.ms"));
}

TEST_F(KafkaBrokerSink, MayWriteAnEpochTwiceIfAskedToBeAtLeastOnce) {
  const auto sink = make({{"delivery", scalar("at_least_once")}});
  EXPECT_EQ(sink->committer().last_committed().value(), std::nullopt);
  expect_put(*sink, "SELECT 1 AS a", 0);
  expect_put(*sink, "SELECT 1 AS a", 0);
  EXPECT_THAT(values(), ElementsAre(R"({"a":1})", R"({"a":1})"));
}

TEST_F(KafkaBrokerSink, WritesKeysHeadersPartitionsAndTimes) {
  topic += "-2";
  const auto columns = [](const OptionList& pairs) { return options(pairs); };
  const auto sink =
      make({{"create_topic", columns({{"partitions", scalar("4")}, {"replication", scalar("1")}})},
            {"key", scalar("k")},
            {"headers", columns({{"h1", scalar("a")}, {"none", scalar("n")}})},
            {"partition", scalar("p")},
            {"timestamp", scalar("t")},
            {"exclude", config::Value({scalar("p"), scalar("t"), scalar("n")}, {})}});
  expect_put(*sink,
             "SELECT 'key' AS k, 1 AS a, NULL AS n, 3 AS p, TIMESTAMPTZ '2026-01-01T00:00:00.5Z' "
             "AS t UNION ALL SELECT NULL, 2, NULL, 0, TIMESTAMPTZ '2026-01-02T00:00:00Z'",
             0);
  const auto messages = read_topic(properties(), topic);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].partition, 0);
  EXPECT_EQ(messages[0].key, std::nullopt);
  EXPECT_EQ(messages[1].partition, 3);
  EXPECT_EQ(messages[1].key, "key");
  EXPECT_EQ(messages[1].value, R"({"k":"key","a":1})");
  EXPECT_EQ(messages[1].timestamp_ms, 1'767'225'600'500);
  EXPECT_THAT(messages[1].headers, ElementsAre(Pair("h1", Optional(std::string("1")))));
}

TEST_F(KafkaBrokerSink, PassesHeadersOnAndTombstonesToo) {
  const auto sink = make({{"encode", options({{"raw", scalar("v")}})}, {"headers", scalar("h")}});
  expect_put(*sink,
             R"(SELECT 'x' AS v, '{"a":"1","b":["2",null]}' AS h UNION ALL SELECT NULL, NULL)", 0);
  const auto messages = read_topic(properties(), topic);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_THAT(messages[0].headers,
              ElementsAre(Pair("a", Optional(std::string("1"))),
                          Pair("b", Optional(std::string("2"))), Pair("b", std::nullopt)));
  EXPECT_EQ(messages[1].value, std::nullopt);
  const auto of_a_map =
      make({{"encode", options({{"raw", scalar("v")}})}, {"headers", scalar("h")}});
  expect_put(*of_a_map, "SELECT 'y'::BLOB AS v, MAP {'c': '3'} AS h", 1);
  EXPECT_THAT(read_topic(properties(), topic)[2].headers,
              ElementsAre(Pair("c", Optional(std::string("3")))));
}

TEST_F(KafkaBrokerSink, RefusesAPartitionThatDoesNotExist) {
  const auto sink = make({{"partition", scalar("p")}});
  const Status status = put(*sink, "SELECT 1 AS a, 7 AS p", 0);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("'p' says partition 7, but the topic has 1"));
  // No INTEGER either.
  const auto of_large = make({{"partition", scalar("p")}});
  EXPECT_THAT(put(*of_large, "SELECT 1 AS a, 18446744073709551615::UBIGINT AS p", 0).message(),
              HasSubstr("'p' says partition 2147483647"));
  const auto of_null = make({{"partition", scalar("p")}});
  expect_put(*of_null, "SELECT 1 AS a, NULL::BIGINT AS p", 0);
}

TEST_F(KafkaBrokerSink, RefusesATimeThatIsTooFarAhead) {
  for (const char* select : {"SELECT i AS a, now() + INTERVAL (i) HOURS AS t FROM range(12) s(i)",
                             "SELECT 1 AS a, TIMESTAMP '2500-01-01' AS t"}) {
    const auto sink = make({{"timestamp", scalar("t")}});
    const Status status = put(*sink, select, 0);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(status.message(), HasSubstr("does not take a record: "));
    EXPECT_THAT(status.message(), HasSubstr("message.timestamp.after.max.ms"));
  }
}

TEST_F(KafkaBrokerSink, NamesARecordThatTheTopicDoesNotTake) {
  topic += "-small";
  const OptionList limits = {
      {"create_topic", options({{"partitions", scalar("1")},
                                {"config", options({{"max.message.bytes", scalar("5000")}})}})},
      {"compression", scalar("none")}};
  for (const char* delivery : {"exactly_once", "at_least_once"}) {
    OptionList more = limits;
    more.emplace_back("delivery", scalar(delivery));
    const auto sink = make(more);
    const Status status = put(*sink, "SELECT repeat('x', 6000) AS a", 0);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status.message();
    EXPECT_THAT(status.message(), HasSubstr("a record of 6,008 bytes is larger than the topic '" +
                                            topic + "' takes"));
    EXPECT_THAT(status.message(), HasSubstr("max.message.bytes"));
  }
  // A batch is refused as a whole: it is not the first record that is too large.
  const Status batch = put(*make(limits), "SELECT unnest(['z', repeat('x', 6000), 'z']) AS a", 0);
  EXPECT_THAT(batch.message(), HasSubstr("6,008 bytes"));
  EXPECT_THAT(values(), IsEmpty());
  expect_put(*make(limits), "SELECT 'y' AS a", 0);
  EXPECT_THAT(values(), ElementsAre(R"({"a":"y"})"));
}

TEST_F(KafkaBrokerSink, SaysThatATopicDoesNotExistAndHowItIsMade) {
  topic += "-missing";
  const Status status = make()->committer().last_committed().status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("there is no topic '" + topic + "'"));
  EXPECT_THAT(status.message(), HasSubstr("create_topic: {partitions: 3}"));
  expect_put(*make({{"create_topic", scalar("true")}}), "SELECT 1 AS a", 0);
  EXPECT_THAT(values(), ElementsAre(R"({"a":1})"));
}

TEST_F(KafkaBrokerSink, NamesASettingThatANewTopicCannotHave) {
  topic += "-odd";
  const auto sink =
      make({{"create_topic", options({{"config", options({{"retention.ms", scalar("x")}})}})}});
  const Status status = sink->committer().last_committed().status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status.message();
  EXPECT_THAT(status.message(), HasSubstr("retention.ms"));
  EXPECT_THAT(status.message(), HasSubstr("create_topic"));
}

TEST_F(KafkaBrokerSink, KnowsWhetherItIsLetIn) {
  const auto with = [&](const std::string& password, bool knows_ca) {
    OptionList more = {{"brokers", scalar(from_environment("LAKEWARD_KAFKA_SASL_TLS"))},
                       {"tls", scalar("true")},
                       {"sasl", scalar("plain")},
                       {"user", scalar(from_environment("LAKEWARD_KAFKA_USER"))},
                       {"password", scalar(password)}};
    if (knows_ca) more.emplace_back("tls_ca", scalar(from_environment("LAKEWARD_KAFKA_CA")));
    return make(more);
  };
  const std::string password = from_environment("LAKEWARD_KAFKA_PASSWORD");
  expect_put(*with(password, true), "SELECT 1 AS a", 0);
  EXPECT_THAT(values(), ElementsAre(R"({"a":1})"));
  const Status refused = with("not-this-one", true)->committer().last_committed().status();
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.message(), HasSubstr("check 'sasl', 'user' and 'password'"));
  EXPECT_THAT(refused.message(), Not(HasSubstr("not-this-one")));
  const Status unverified = with(password, false)->committer().last_committed().status();
  EXPECT_EQ(unverified.code(), StatusCode::kInvalidArgument) << unverified.message();
  EXPECT_THAT(unverified.message(), HasSubstr("check 'tls_ca'"));
}

// What every sink must do.
class KafkaSinkFixture {
 public:
  KafkaSinkFixture() { TestProducer(properties()).create_topic(topic_, 3); }
  World& world() { return world_; }
  FaultyStore* store() { return nullptr; }
  Result<std::unique_ptr<stream::Sink>> make_sink(OptionList more = {}) {
    more.emplace_back("topic", scalar(topic_));
    more.emplace_back("brokers", scalar(from_environment("LAKEWARD_KAFKA")));
    return world_.registry.sink("kafka")->make(
        {.pipeline = "p", .query_id = "q", .options = options(more)}, world_.environment);
  }
  void settle() { await_transactions(properties(), topic_); }
  std::vector<std::string> rows() {
    std::vector<std::string> texts;
    for (const std::string& value : read_values(properties(), topic_)) {
      const auto row = nlohmann::json::parse(value);
      texts.push_back(row["a"].dump() + "|" + row["b"].get<std::string>());
    }
    std::sort(texts.begin(), texts.end());
    return texts;
  }

 private:
  static Properties properties() {
    return {{"bootstrap.servers", from_environment("LAKEWARD_KAFKA")}};
  }

  const std::string topic_ =
      std::string("c-") + ::testing::UnitTest::GetInstance()->current_test_info()->name();
  World world_;
};
INSTANTIATE_TYPED_TEST_SUITE_P(Kafka, SinkConformance, KafkaSinkFixture);
// It makes the calls of an object store fail, of which there is none here.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ExactlyOnceSinkConformance);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OverlappingSinkConformance);

}  // namespace
}  // namespace lakeward::test
