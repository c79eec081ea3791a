// What only a real broker does: transactions, deleted records, certificates and passwords, and a
// death in the middle. Run by tests/services/kafka/with_broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "integration/kafka/broker_fixture.h"

namespace lakeward::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(KafkaBroker, GivesOnlyWhatTransactionsHaveCommitted) {
  TestProducer plain(properties());
  plain.create_topic(topic, 1);
  TestProducer producer(properties({{"transactional.id", topic}}));
  producer.begin();
  producer.send(topic, 0, {{"1"}, {"2"}});
  producer.commit();
  producer.begin();
  producer.send(topic, 0, {{"aborted"}});
  producer.abort();
  producer.begin();
  producer.send(topic, 0, {{"3"}});
  producer.commit();
  {
    // Each commit and abort is an offset without a record, the last one at the end.
    SourceRun run = start();
    const auto to = run.plan(std::nullopt).value();
    EXPECT_EQ(to, "{\"" + topic + "\":{\"0\":7}}");
    EXPECT_THAT(run.drain(), ElementsAre(ElementsAre("1", "2", "3")));
  }
  producer.begin();
  producer.send(topic, 0, {{"open"}});
  plain.send(topic, 0, {{"behind it"}});
  {
    SourceRun run = start();
    EXPECT_THAT(drain_all(run), ElementsAre("1", "2", "3"));
    const stream::Offset committed = "{\"" + topic + "\":{\"0\":7}}";
    EXPECT_FALSE(run.plan(committed).value());
    // They are not forgotten.
    EXPECT_EQ(run.source().lag(committed).value().records, 2u);
  }
  producer.abort();
  SourceRun run = start();
  EXPECT_THAT(drain_all(run), ElementsAre("1", "2", "3", "behind it"));
}

TEST_F(KafkaBroker, EndsARangeOfWhichOnlyGapsAreLeft) {
  TestProducer plain(properties());
  plain.create_topic(topic, 2);
  TestProducer producer(properties({{"transactional.id", topic}}));
  for (int i = 0; i < 5; ++i) {
    producer.begin();
    producer.send(topic, 0, {{std::to_string(i)}});
    i % 2 == 0 ? producer.commit() : producer.abort();
  }
  // One row an epoch: most ranges hold a marker or an aborted record alone.
  SourceRun run = start();
  EXPECT_THAT(drain_all(run, {.rows = 1}), ElementsAre("0", "2", "4"));
}

TEST_F(KafkaBroker, ReadsUncommittedRecordsIfAskedTo) {
  TestProducer plain(properties());
  plain.create_topic(topic, 1);
  TestProducer producer(properties({{"transactional.id", topic}}));
  producer.begin();
  producer.send(topic, 0, {{"open"}});
  SourceRun run = start({{"isolation", scalar("read_uncommitted")}});
  EXPECT_THAT(drain_all(run), ElementsAre("open"));
  producer.abort();
}

TEST_F(KafkaBroker, StopsAtDeletedRecordsAndNamesThem) {
  TestProducer producer(properties());
  producer.create_topic(topic, 1);
  producer.send(topic, 0, std::vector<Message>(100, {"x"}));
  const stream::Offset from = "{\"" + topic + "\":{\"0\":20}}";
  const stream::Offset to = "{\"" + topic + "\":{\"0\":100}}";
  producer.delete_records(topic, 0, 80);
  SourceRun run = start();
  const std::string missing =
      "60 records were deleted before the pipeline 'p' had read them:\n    partition 0 of '" +
      topic + "', offsets 20 to 79\n";
  const auto plan = run.plan(from);
  EXPECT_EQ(plan.status().code(), StatusCode::kCorruption);
  EXPECT_THAT(plan.status().message(), HasSubstr(missing));
  const auto records = run.read({from, to});  // planned before they were deleted
  EXPECT_EQ(records.status().code(), StatusCode::kCorruption);
  EXPECT_THAT(records.status().message(), HasSubstr(missing));
}

TEST_F(KafkaBroker, CountsDeletedRecordsAsLostIfAskedTo) {
  TestProducer producer(properties());
  producer.create_topic(topic, 1);
  producer.send(topic, 0, std::vector<Message>(100, {"x"}));
  producer.delete_records(topic, 0, 80);
  const stream::Offset from = "{\"" + topic + "\":{\"0\":20}}";
  for (const auto& [policy, left] : {std::pair("earliest", 20u), std::pair("latest", 0u)}) {
    SourceRun run = start({{"on_lost_offsets", scalar(policy)}});
    const auto to = run.plan(from).value();
    EXPECT_EQ(to, "{\"" + topic + "\":{\"0\":100}}");
    stream::Input input = run.source().read({.range = {from, *to}, .only = {}}).value();
    EXPECT_EQ(std::get<std::unique_ptr<stream::RecordReader>>(input)->lost(), 80u - left);
    EXPECT_EQ(run.read({from, *to}).value().size(), left);
  }
}

// Its offsets mean other records, whether they look as if they went on or not.
TEST_F(KafkaBroker, StopsAtATopicThatWasMadeAnew) {
  for (const size_t records : {0u, 1u, 30u}) {
    for (const bool while_running : {false, true}) {
      const std::string name = topic + std::to_string(records) + (while_running ? "-r" : "-s");
      World world;
      TestProducer producer(properties());
      producer.create_topic(name, 1);
      producer.send(name, 0, std::vector<Message>(10, {"old"}));
      const OptionList given = {{"brokers", scalar(address)}, {"topic", scalar(name)}};
      auto run = std::make_unique<SourceRun>(world, "kafka", options(given));
      ASSERT_TRUE(run->attach().ok());
      const std::optional<stream::Offset> to = run->plan(std::nullopt).value();
      ASSERT_TRUE(to);
      EXPECT_EQ(run->read({std::nullopt, *to}).value().size(), 10u);

      producer.delete_topic(name);
      if (while_running) {
        world.clock.advance(Duration{10'000'000});
        EXPECT_EQ(run->plan(*to).status().code(), StatusCode::kUnavailable);
      }
      TestProducer again(properties());
      again.create_topic(name, 1);
      if (records > 0) again.send(name, 0, std::vector<Message>(records, {"new"}));
      if (while_running) {
        world.clock.advance(Duration{10'000'000});
      } else {
        run = std::make_unique<SourceRun>(world, "kafka", options(given));
        ASSERT_TRUE(run->attach().ok());
      }
      if (!while_running) {  // an epoch that the run before has planned
        EXPECT_EQ(run->read({std::nullopt, *to}).status().code(), StatusCode::kUnavailable) << name;
        world.clock.advance(Duration{10'000'000});
        EXPECT_EQ(run->read({std::nullopt, *to}).status().code(), StatusCode::kCorruption) << name;
      }
      const auto plan = run->plan(*to);
      EXPECT_EQ(plan.status().code(), StatusCode::kCorruption) << name;
      EXPECT_THAT(plan.status().message(), HasSubstr("was deleted and made anew")) << name;
      EXPECT_THAT(plan.status().message(), HasSubstr("stop the pipeline, remove the folder "))
          << name;
      // A number of records behind would be of another topic.
      EXPECT_EQ(run->source().lag(*to).status().code(), StatusCode::kCorruption) << name;
    }
  }
}

// As it happens with topics that a pattern matches.
TEST_F(KafkaBroker, GoesOnWithoutATopicThatWasDeletedIfAskedTo) {
  for (const std::string policy : {"fail", "earliest"}) {
    const std::string prefix = topic + policy;
    TestProducer producer(properties());
    for (const char* name : {"-1", "-2"}) {
      producer.create_topic(prefix + name, 1);
      producer.send(prefix + name, 0, {{name}});
    }
    World own;
    const OptionList given = {{"brokers", scalar(address)},
                              {"topic_pattern", scalar(prefix + "-.")},
                              {"on_lost_offsets", scalar(policy)}};
    SourceRun run(own, "kafka", options(given));
    ASSERT_TRUE(run.attach().ok());
    const std::optional<stream::Offset> to = run.plan(std::nullopt).value();
    ASSERT_EQ(run.read({std::nullopt, *to}).value().size(), 2u);
    producer.send(prefix + "-2", 0, {{"never read"}});
    const std::optional<stream::Offset> behind = run.plan(to).value();
    ASSERT_TRUE(behind);
    producer.delete_topic(prefix + "-2");
    producer.send(prefix + "-1", 0, {{"later"}});

    SourceRun restarted(own, "kafka", options(given));
    ASSERT_TRUE(restarted.attach().ok());
    own.clock.advance(Duration{11'000'000});
    const Status waiting = run.plan(to).status();
    EXPECT_EQ(waiting.code(), StatusCode::kUnavailable);
    EXPECT_THAT(waiting.message(), HasSubstr("the topic '" + prefix + "-2', which 'p' has read"));
    own.clock.advance(Duration{11'000'000});
    if (policy == "fail") {
      EXPECT_EQ(run.plan(to).status().code(), StatusCode::kCorruption);
      EXPECT_EQ(restarted.plan(to).status().code(), StatusCode::kUnavailable);
      continue;
    }
    // The next run need not wait again.
    for (SourceRun* one : {&run, &restarted}) {
      // An epoch that was begun, and the next one.
      const auto lost = one->source().read({.range = {to, *behind}, .only = {}});
      ASSERT_TRUE(lost.ok()) << lost.status().message();
      EXPECT_EQ(std::get<std::unique_ptr<stream::RecordReader>>(*lost)->lost(), 1u);
      const auto next = one->plan(*behind);
      ASSERT_TRUE(next.ok()) << next.status().message();
      ASSERT_TRUE(*next);
      // It may come back, as when a broker had lost sight of it: nothing of it is to be repeated.
      EXPECT_THAT(**next, HasSubstr("\"" + prefix + "-2\":{\"0\":2}"));
      const auto records = one->read({*behind, **next}).value();
      ASSERT_EQ(records.size(), 1u);
      EXPECT_EQ(records[0].text, "later");
      own.clock.advance(Duration{11'000'000});
      EXPECT_FALSE(one->plan(**next).value());
      EXPECT_EQ(one->source().lag(**next).value().records, 0u);
    }
  }
}

// With the same policy, a topic may be taken out of the pipeline, and be put back.
TEST_F(KafkaBroker, GoesOnWithoutATopicThatIsNamedNoMoreIfAskedTo) {
  TestProducer producer(properties());
  for (const char* name : {"-1", "-2"}) {
    producer.create_topic(topic + name, 1);
    producer.send(topic + name, 0, {{"before"}});
  }
  const auto start_with = [&](const std::string& pattern, const char* policy) {
    SourceRun run(world, "kafka",
                  options({{"brokers", scalar(address)},
                           {"topic_pattern", scalar(topic + pattern)},
                           {"on_lost_offsets", scalar(policy)}}));
    EXPECT_TRUE(run.attach().ok());
    return run;
  };
  const stream::Offset both = *start_with("-[12]", "fail").plan(std::nullopt).value();
  // What was planned is read even so.
  EXPECT_EQ(start_with("-1", "fail").read({std::nullopt, both}).value().size(), 2u);
  for (const char* name : {"-1", "-2"}) producer.send(topic + name, 0, {{name}});
  const Status refused = start_with("-1", "fail").plan(both).status();
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.message(), HasSubstr("on_lost_offsets: earliest"));
  const stream::Offset one = *start_with("-1", "earliest").plan(both).value();
  EXPECT_EQ(one, "{\"" + topic + "-1\":{\"0\":2},\"" + topic + "-2\":{\"0\":1}}");
  SourceRun again = start_with("-[12]", "fail");
  const stream::Offset last = *again.plan(one).value();
  const auto records = again.read({one, last}).value();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].text, "-2");
}

TEST_F(KafkaBroker, BeginsAtATime) {
  TestProducer producer(properties());
  producer.create_topic(topic, 2);
  // Records of long ago would be deleted by the broker.
  const std::time_t start_second = std::time(nullptr) - 60;
  const int64_t begin = (int64_t{start_second} - 1) * 1'000;
  char start_text[32] = {};
  std::strftime(start_text, sizeof(start_text), "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&start_second));
  producer.send(topic, 0, {{"a", {}, begin}, {"b", {}, begin + 1'000}, {"c", {}, begin + 2'000}});
  producer.send(topic, 1, {{"d", {}, begin}});
  SourceRun run = start({{"start", scalar(start_text)}});
  EXPECT_THAT(drain_all(run), ElementsAre("b", "c"));
}

// The latest ones, as no record is that young: what comes then is read, whatever its time.
TEST_F(KafkaBroker, BeginsAtTheEndIfATimeIsYetToCome) {
  TestProducer producer(properties());
  producer.create_topic(topic, 1);
  producer.send(topic, 0, {{"a"}});
  {
    SourceRun run = start({{"start", scalar("2100-01-01T00:00:00Z")}});
    EXPECT_THAT(drain_all(run), ElementsAre());
  }
  producer.send(topic, 0, {{"b"}});
  SourceRun run = start({{"start", scalar("2100-01-01T00:00:00Z")}});
  EXPECT_THAT(drain_all(run), ElementsAre("b"));
}

TEST_F(KafkaBroker, AsksForACertificateAndAPassword) {
  TestProducer producer(properties());
  producer.create_topic(topic, 1);
  producer.send(topic, 0, {{"secret"}});
  const auto connect = [&](OptionList more) {
    more.emplace_back("brokers", scalar(from_environment("LAKEWARD_KAFKA_SASL_TLS")));
    more.emplace_back("topic", scalar(topic));
    more.emplace_back("tls", scalar("true"));
    more.emplace_back("sasl", scalar("plain"));
    more.emplace_back("user", scalar(from_environment("LAKEWARD_KAFKA_USER")));
    return SourceRun(world, "kafka", options(more));
  };
  const auto ca = scalar(from_environment("LAKEWARD_KAFKA_CA"));
  const auto password = scalar(from_environment("LAKEWARD_KAFKA_PASSWORD"));

  SourceRun wrong = connect({{"tls_ca", ca}, {"password", scalar("wrong")}});
  ASSERT_TRUE(wrong.attach().ok());
  const Status refused = wrong.plan(std::nullopt).status();
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.message(), HasSubstr("check 'sasl', 'user' and 'password'"));

  SourceRun unknown = connect({{"password", password}});
  ASSERT_TRUE(unknown.attach().ok());
  const Status unverified = unknown.plan(std::nullopt).status();
  EXPECT_EQ(unverified.code(), StatusCode::kInvalidArgument) << unverified.message();
  EXPECT_THAT(unverified.message(), HasSubstr("check 'tls_ca'"));

  SourceRun right = connect({{"tls_ca", ca}, {"password", password}});
  ASSERT_TRUE(right.attach().ok());
  EXPECT_THAT(drain_all(right), ElementsAre("secret"));
}

TEST_F(KafkaBroker, SaysThatATopicDoesNotExist) {
  SourceRun run = start();
  const Status status = run.plan(std::nullopt).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("there is no topic '" + topic + "'"));
}

// Last, as the broker is another process afterwards.
TEST_F(KafkaBroker, ZLosesAndRepeatsNothingWhenItIsKilled) {
  TestProducer producer(properties());
  producer.create_topic(topic, 3);
  std::vector<std::string> sent;
  for (int32_t partition = 0; partition < 3; ++partition) {
    std::vector<Message> messages;
    for (int i = 0; i < 20'000; ++i) {
      messages.push_back({std::to_string(partition) + ":" + std::to_string(i)});
      sent.push_back(*messages.back().value);
    }
    producer.send(topic, partition, messages);
  }
  SourceRun run = start();
  std::vector<std::string> seen;
  std::optional<stream::Offset> from;
  std::jthread restart;
  for (int epoch = 0; seen.size() < sent.size(); ++epoch) {
    if (epoch == 3) {
      const std::string folder = from_environment("LAKEWARD_KAFKA_FOLDER");
      pid_t pid = 0;
      std::ifstream(folder + "/pid") >> pid;
      ASSERT_GT(pid, 0);
      ASSERT_EQ(kill(pid, SIGKILL), 0);
      restart =
          std::jthread([folder] { EXPECT_EQ(std::system((folder + "/restart").c_str()), 0); });
    }
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(3);
    const auto is_for_now = [&](const Status& status) {
      return status.retriable() && std::chrono::steady_clock::now() < end;
    };
    Result<std::optional<stream::Offset>> to = run.plan(from, {.rows = 6'000});
    while (is_for_now(to.status())) to = run.plan(from, {.rows = 6'000});
    ASSERT_TRUE(to.ok()) << to.status().message();
    ASSERT_TRUE(to->has_value());
    auto records = run.read({from, **to});
    while (is_for_now(records.status())) records = run.read({from, **to});
    ASSERT_TRUE(records.ok()) << records.status().message();
    for (const ReadRecord& record : *records) seen.push_back(record.text);
    from = **to;
  }
  std::sort(sent.begin(), sent.end());
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, sent);
}

}  // namespace
}  // namespace lakeward::test
