// Topics that a pipeline has gone on without, and that come back as other ones. Run by
// tests/services/kafka/with_broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "connectors/kafka/topic_facts.h"
#include "integration/kafka/broker_fixture.h"

namespace lakeward::test {
namespace {

using ::testing::Each;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr Duration kLater{11'000'000};  // what is there is looked at again; what is gone is so

// Two topics of a pattern, of each of which a record was read.
class KafkaRenewedTopic : public KafkaBroker {
 protected:
  void prepare() {
    for (const char* name : {"-1", "-2"}) {
      producer.create_topic(topic + name, 1);
      producer.send(topic + name, 0, {{"old"}});
    }
    SourceRun run = begin();
    before = run.plan(std::nullopt).value().value();
    ASSERT_THAT(run.read({std::nullopt, before}).value(), SizeIs(2));
  }
  // The second topic is deleted, and the pipeline goes on without it.
  void lose(SourceRun& run, const stream::Offset& read) {
    producer.delete_topic(topic + "-2");
    world.clock.advance(kLater);
    ASSERT_EQ(run.plan(read).status().code(), StatusCode::kUnavailable);
    world.clock.advance(kLater);
    ASSERT_FALSE(run.plan(read).value());
    world.clock.advance(kLater);
  }
  void renew() {
    TestProducer again(properties());
    again.create_topic(topic + "-2", 1);
    again.send(topic + "-2", 0, std::vector<Message>(3, {"new"}));
  }
  SourceRun begin(const std::string& policy = "earliest", const std::string& pattern = "-.") {
    SourceRun run(world, "kafka",
                  options({{"brokers", scalar(address)},
                           {"topic_pattern", scalar(topic + pattern)},
                           {"on_lost_offsets", scalar(policy)}}));
    EXPECT_TRUE(run.attach().ok());
    return run;
  }
  SourceRun begin_behind(const stream::Offset& committed, const std::string& policy = "earliest") {
    SourceRun run = begin(policy);
    EXPECT_TRUE(run.source().acknowledge(committed).ok());
    return run;
  }
  // That the next epoch behind `left` has the new topic's records.
  void expect_new_ones(SourceRun& run, const stream::Offset& left) {
    const stream::Offset to = run.plan(left).value().value();
    EXPECT_THAT(to, HasSubstr("\"" + topic + "-2\":{\"0\":3}"));
    const auto records = run.read({left, to}).value();
    EXPECT_THAT(records, SizeIs(3));
    EXPECT_THAT(records, Each(Field(&ReadRecord::text, "new")));
    ASSERT_TRUE(run.source().acknowledge(to).ok());
    EXPECT_FALSE(run.plan(to).value());
    EXPECT_EQ(run.source().lag(to).value().records, 0U);
  }

  // That the topic, made anew behind an epoch that may be repeated, is not the checkpoint's yet.
  void expect_unknown_behind(SourceRun& run, const stream::Offset& read) {
    lose(run, read);
    renew();
    const stream::Offset left = run.plan(read).value().value();
    EXPECT_THAT(left, Not(HasSubstr(topic + "-2")));
    EXPECT_THAT(run.read({read, left}).value(), IsEmpty());
    EXPECT_EQ(begin_behind(read).plan(read).value(), left);
  }

  // Of one record in the first topic.
  stream::Offset make_first_epoch(SourceRun& run) {
    producer.send(topic + "-1", 0, {{"old"}});
    const stream::Offset first = run.plan(std::nullopt).value().value();
    EXPECT_TRUE(run.source().acknowledge(first).ok());
    return first;
  }

  TestProducer producer{properties()};
  stream::Offset before;
};

TEST_F(KafkaRenewedTopic, IsLeftInAnEpochOfItsOwnAndReadFromItsBeginning) {
  prepare();
  SourceRun run = begin_behind(before);
  lose(run, before);
  renew();
  const stream::Offset left = run.plan(before).value().value();
  EXPECT_EQ(left, "{\"" + topic + "-1\":{\"0\":1}}");
  EXPECT_THAT(run.read({before, left}).value(), IsEmpty());
  // As long as the checkpoint may go back to the old offsets, it must not know the new topic.
  EXPECT_FALSE(run.plan(left).value());
  for (const char* policy : {"earliest", "fail"}) {
    SourceRun after_a_crash = begin_behind(before, policy);
    EXPECT_THAT(after_a_crash.read({before, left}).value(), IsEmpty());
    EXPECT_FALSE(after_a_crash.plan(left).value());
    EXPECT_EQ(after_a_crash.plan(before).value(), left);
  }
  ASSERT_TRUE(run.source().acknowledge(left).ok());
  expect_new_ones(run, left);
}

TEST_F(KafkaRenewedTopic, IsReadFromItsBeginningByTheNextRunWhateverItsPolicy) {
  prepare();
  stream::Offset left;
  {
    SourceRun run = begin_behind(before);
    lose(run, before);
    renew();
    left = run.plan(before).value().value();
  }
  SourceRun next = begin_behind(left, "fail");
  expect_new_ones(next, left);
  // Now it is the one that the checkpoint knows, and may be made anew itself.
  const stream::Offset read = "{\"" + topic + "-1\":{\"0\":1},\"" + topic + "-2\":{\"0\":3}}";
  SourceRun last = begin_behind(read);
  lose(last, read);
  renew();
  EXPECT_EQ(last.plan(read).value(), left);
}

// The first epoch of all is being committed, and might be repeated.
TEST_F(KafkaRenewedTopic, IsNotKnownWhileTheFirstEpochMayBeRepeated) {
  producer.create_topic(topic + "-2", 1);
  producer.send(topic + "-2", 0, {{"old"}});
  SourceRun run = begin();
  expect_unknown_behind(run, run.plan(std::nullopt).value().value());
}

// The same of the first epoch that has the topic.
TEST_F(KafkaRenewedTopic, IsNotKnownWhileItsFirstEpochMayBeRepeated) {
  producer.create_topic(topic + "-1", 1);
  producer.send(topic + "-1", 0, {{"old"}});
  SourceRun run = begin();
  const stream::Offset first = run.plan(std::nullopt).value().value();
  ASSERT_TRUE(run.source().acknowledge(first).ok());
  producer.create_topic(topic + "-2", 1);
  producer.send(topic + "-2", 0, {{"old"}});
  world.clock.advance(kLater);
  expect_unknown_behind(run, run.plan(first).value().value());
}

TEST_F(KafkaRenewedTopic, HasLostWhatWasPlannedToBeReadOfTheOldOne) {
  prepare();
  SourceRun run = begin();
  const stream::Offset one = "{\"" + topic + "-1\":{\"0\":1},\"" + topic + "-2\":{\"0\":";
  lose(run, one + "1}}");
  renew();
  const auto input = run.source().read({.range = {one + "1}}", one + "3}}"}, .only = {}});
  ASSERT_TRUE(input.ok()) << input.status().message();
  EXPECT_EQ(std::get<std::unique_ptr<stream::RecordReader>>(*input)->lost(), 2U);
  ASSERT_TRUE(run.source().acknowledge(one + "3}}").ok());
  EXPECT_THAT(run.plan(one + "3}}").value().value(), Not(HasSubstr(topic + "-2")));
}

// Nothing is left to be read then.
TEST_F(KafkaRenewedTopic, HasLostWhatWasPlannedAlsoIfItIsTheOnlyOne) {
  producer.create_topic(topic + "-2", 1);
  producer.send(topic + "-2", 0, {{"old"}});
  SourceRun run = begin();
  const stream::Offset from = run.plan(std::nullopt).value().value();
  lose(run, from);
  const auto input =
      run.source().read({.range = {from, "{\"" + topic + "-2\":{\"0\":3}}"}, .only = {}});
  ASSERT_TRUE(input.ok()) << input.status().message();
  EXPECT_EQ(std::get<std::unique_ptr<stream::RecordReader>>(*input)->lost(), 2U);
}

TEST_F(KafkaRenewedTopic, MayBeGoneAgainBeforeItIsRead) {
  prepare();
  SourceRun run = begin_behind(before);
  lose(run, before);
  renew();
  const stream::Offset left = run.plan(before).value().value();
  ASSERT_TRUE(run.source().acknowledge(left).ok());
  producer.delete_topic(topic + "-2");
  EXPECT_FALSE(run.plan(left).value());
  renew();
  world.clock.advance(kLater);
  expect_new_ones(run, left);
}

TEST_F(KafkaRenewedTopic, IsReadFromItsBeginningAlsoIfItWasNotSeenToBeGone) {
  prepare();
  SourceRun run = begin_behind(before);
  producer.delete_topic(topic + "-2");
  renew();
  const Status status = run.plan(before).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("-2' was deleted and made anew"));
  EXPECT_THAT(run.source().lag(before).value().notice, HasSubstr("goes on with it"));
  world.clock.advance(kLater);
  const stream::Offset left = run.plan(before).value().value();
  EXPECT_THAT(left, Not(HasSubstr(topic + "-2")));
  ASSERT_TRUE(run.source().acknowledge(left).ok());
  expect_new_ones(run, left);
}

// Some of its records may have been read as the old one's.
TEST_F(KafkaRenewedTopic, EndsTheRunIfLibrdkafkaFetches) {
  prepare();
  SourceRun run(world, "kafka",
                options({{"brokers", scalar(address)},
                         {"topic_pattern", scalar(topic + "-.")},
                         {"on_lost_offsets", scalar("earliest")},
                         {"properties", options({{"fetch.error.backoff.ms", scalar("100")}})}}));
  ASSERT_TRUE(run.attach().ok());
  producer.delete_topic(topic + "-2");
  renew();
  EXPECT_EQ(run.plan(before).status().code(), StatusCode::kUnavailable);
  world.clock.advance(kLater);
  const Status status = run.plan(before).status();
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_THAT(status.message(), HasSubstr("may have been read as the old one's"));
}

// A broker that has not heard of the new topic may tell the old one's id again. Here, the id that
// is told is noted as the replaced one.
TEST_F(KafkaRenewedTopic, IsNotTakenForTheOldOneAgain) {
  prepare();
  const std::string file = "p/sources/0/topic-" + topic + "-2";
  const std::string old = world.checkpoints->get(file).value();
  stream::Offset left;
  {
    SourceRun run = begin_behind(before);
    lose(run, before);
    renew();
    left = run.plan(before).value().value();
  }
  EXPECT_EQ(world.checkpoints->get(file).value(), old + "\n" + old);
  const auto client = connectors::kafka::Client::make({{"bootstrap.servers", address}}).value();
  const std::string told =
      connectors::kafka::describe_topics(*client, {topic + "-2"}, false).value().front().id;
  ASSERT_TRUE(world.checkpoints->put(file, old + "\n" + told).ok());
  for (const stream::Offset& committed : {before, left}) {
    SourceRun run = begin_behind(committed);
    EXPECT_FALSE(run.plan(committed).value());
    world.clock.advance(kLater);
    EXPECT_FALSE(run.plan(committed).value());
  }
  ASSERT_TRUE(world.checkpoints->put(file, old + "\n" + old).ok());
  SourceRun run = begin_behind(left);
  expect_new_ones(run, left);
  EXPECT_EQ(world.checkpoints->get(file).value(), told + "\n" + old);
}

// As in a checkpoint that began with brokers that told no ids. It was gone for long enough to be
// another one.
TEST_F(KafkaRenewedTopic, IsTakenForAnotherOneIfNobodyRememberedItsId) {
  prepare();
  const std::string id = "p/sources/0/topic-" + topic + "-2";
  ASSERT_TRUE(world.checkpoints->remove(id).ok());
  SourceRun run = begin_behind(before);
  lose(run, before);
  renew();
  const stream::Offset left = run.plan(before).value().value();
  EXPECT_THAT(left, Not(HasSubstr(topic + "-2")));
  EXPECT_FALSE(world.checkpoints->get(id).ok());
  ASSERT_TRUE(run.source().acknowledge(left).ok());
  expect_new_ones(run, left);
}

// An epoch was begun that has it, and then it was taken out of the options and deleted.
TEST_F(KafkaRenewedTopic, IsGivenUpAlsoIfItIsNamedNoMore) {
  prepare();
  producer.delete_topic(topic + "-2");
  SourceRun run = begin("earliest", "-1");
  ASSERT_TRUE(run.source().acknowledge(before).ok());
  const stream::Offset to = "{\"" + topic + "-1\":{\"0\":1},\"" + topic + "-2\":{\"0\":3}}";
  EXPECT_EQ(run.read({before, to}).status().code(), StatusCode::kUnavailable);
  world.clock.advance(kLater);
  const auto input = run.source().read({.range = {before, to}, .only = {}});
  ASSERT_TRUE(input.ok()) << input.status().message();
  EXPECT_EQ(std::get<std::unique_ptr<stream::RecordReader>>(*input)->lost(), 2U);
}

// It was met while it was empty, so that no epoch has it.
TEST_F(KafkaRenewedTopic, IsReadAtOnceIfNothingOfTheOldOneIsInTheCheckpoint) {
  for (const char* policy : {"fail", "earliest"}) {
    producer.create_topic(topic + "-1", 1);
    World own;
    std::swap(world.checkpoints, own.checkpoints);
    {
      SourceRun run = begin(policy);
      const stream::Offset first = make_first_epoch(run);
      producer.create_topic(topic + "-2", 1);
      world.clock.advance(kLater);
      ASSERT_FALSE(run.plan(first).value());
      producer.delete_topic(topic + "-2");
      renew();
      world.clock.advance(kLater);
      expect_new_ones(run, first);
    }
    std::swap(world.checkpoints, own.checkpoints);
    for (const char* name : {"-1", "-2"}) producer.delete_topic(topic + name);
  }
}

TEST_F(KafkaRenewedTopic, IsWaitedForAlsoIfNothingOfItWasRead) {
  producer.create_topic(topic + "-1", 1);
  producer.create_topic(topic + "-2", 1);
  SourceRun run(
      world, "kafka",
      options({{"brokers", scalar(address)},
               {"topic",
                config::Value(config::Value::List{scalar(topic + "-1"), scalar(topic + "-2")}, {})},
               {"on_lost_offsets", scalar("earliest")}}));
  ASSERT_TRUE(run.attach().ok());
  ASSERT_FALSE(run.plan(std::nullopt).value());
  producer.delete_topic(topic + "-2");
  world.clock.advance(kLater);
  EXPECT_EQ(run.plan(std::nullopt).status().code(), StatusCode::kUnavailable);
  world.clock.advance(kLater);
  EXPECT_FALSE(run.plan(std::nullopt).value());
}

TEST_F(KafkaRenewedTopic, DoesNotWaitForOthersThatAreGoneWithIt) {
  prepare();
  SourceRun run = begin_behind(before);
  for (const char* name : {"-1", "-2"}) producer.delete_topic(topic + name);
  world.clock.advance(kLater);
  EXPECT_EQ(run.plan(before).status().code(), StatusCode::kUnavailable);
  world.clock.advance(kLater);
  EXPECT_FALSE(run.plan(before).value());
  EXPECT_EQ(run.source().position(before).value(), "without " + topic + "-1, " + topic + "-2");
}

TEST_F(KafkaRenewedTopic, IsReadFromItsBeginningIfItWasNotNamedMeanwhile) {
  prepare();
  {
    SourceRun without = begin("earliest", "-1");
    ASSERT_TRUE(without.source().acknowledge(before).ok());
    ASSERT_FALSE(without.plan(before).value());
  }
  producer.delete_topic(topic + "-2");
  renew();
  SourceRun with = begin_behind(before);
  const stream::Offset left = with.plan(before).value().value();
  ASSERT_TRUE(with.source().acknowledge(left).ok());
  expect_new_ones(with, left);
}

// Its offsets are enough for the plan that was made within these seconds, but it has another id.
TEST_F(KafkaRenewedTopic, IsNotReadAsTheOldOneByOurOwnFetcher) {
  prepare();
  SourceRun run = begin_behind(before);
  ASSERT_FALSE(run.plan(before).value());
  producer.delete_topic(topic + "-2");
  renew();
  const stream::Offset to = run.plan(before).value().value();
  EXPECT_THAT(to, HasSubstr("-2\":{\"0\":3}"));
  const Status status = run.read({before, to}).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status.message();
  EXPECT_THAT(status.message(), HasSubstr("the id that it had: it was deleted, or made anew"));
}

}  // namespace
}  // namespace lakeward::test
