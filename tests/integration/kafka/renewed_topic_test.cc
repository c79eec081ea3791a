// Topics that are deleted and made anew under the same name, while a pipeline that may lose records
// reads them. Run by tests/services/kafka/with_broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "integration/kafka/broker_fixture.h"

namespace lakeward::test {
namespace {

using ::testing::Each;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// Two topics of a pattern, both read; of the second, more came, was planned and not read, and then
// it was made anew.
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
    producer.send(topic + "-2", 0, {{"never read"}});
    unread = run.plan(before).value().value();
    renew();
  }
  void renew() {
    producer.delete_topic(topic + "-2");
    TestProducer again(properties());
    again.create_topic(topic + "-2", 1);
    again.send(topic + "-2", 0, std::vector<Message>(3, {"new"}));
  }
  SourceRun begin() {
    SourceRun run(world, "kafka",
                  options({{"brokers", scalar(address)},
                           {"topic_pattern", scalar(topic + "-.")},
                           {"on_lost_offsets", scalar("earliest")}}));
    EXPECT_TRUE(run.attach().ok());
    return run;
  }
  SourceRun begin_behind(const stream::Offset& committed) {
    SourceRun run = begin();
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

  TestProducer producer{properties()};
  stream::Offset before;
  stream::Offset unread;
};

TEST_F(KafkaRenewedTopic, IsLeftInAnEpochOfItsOwnAndReadFromItsBeginning) {
  prepare();
  SourceRun run = begin_behind(before);
  EXPECT_EQ(run.source().lag(before).value().records, 0U);
  const stream::Offset left = run.plan(before).value().value();
  EXPECT_THAT(left, Not(HasSubstr(topic + "-2")));
  EXPECT_THAT(left, HasSubstr("\"" + topic + "-1\":{\"0\":1}"));
  EXPECT_THAT(run.read({before, left}).value(), IsEmpty());
  // As long as the checkpoint may go back to the old offsets, it must not know the new topic.
  EXPECT_FALSE(run.plan(left).value());
  {
    SourceRun after_a_crash = begin_behind(before);
    EXPECT_THAT(after_a_crash.read({before, left}).value(), IsEmpty());
    EXPECT_FALSE(after_a_crash.plan(left).value());
    EXPECT_EQ(after_a_crash.plan(before).value(), left);
  }
  ASSERT_TRUE(run.source().acknowledge(left).ok());
  expect_new_ones(run, left);
}

TEST_F(KafkaRenewedTopic, IsReadFromItsBeginningByTheNextRun) {
  prepare();
  stream::Offset left;
  {
    SourceRun run = begin_behind(before);
    left = run.plan(before).value().value();
  }
  SourceRun next = begin_behind(left);
  expect_new_ones(next, left);
  // Now it is the one that the checkpoint knows, and may be made anew itself.
  renew();
  world.clock.advance(Duration{10'000'000});
  SourceRun last = begin_behind(left);
  const stream::Offset read = "{\"" + topic + "-1\":{\"0\":1},\"" + topic + "-2\":{\"0\":3}}";
  EXPECT_EQ(last.plan(read).value(), left);
}

TEST_F(KafkaRenewedTopic, HasLostWhatWasPlannedToBeReadOfTheOldOne) {
  prepare();
  SourceRun run = begin_behind(before);
  const auto input = run.source().read({.range = {before, unread}, .only = {}});
  ASSERT_TRUE(input.ok()) << input.status().message();
  EXPECT_EQ(std::get<std::unique_ptr<stream::RecordReader>>(*input)->lost(), 1U);
  ASSERT_TRUE(run.source().acknowledge(unread).ok());
  const stream::Offset left = run.plan(unread).value().value();
  EXPECT_THAT(left, Not(HasSubstr(topic + "-2")));
  ASSERT_TRUE(run.source().acknowledge(left).ok());
  expect_new_ones(run, left);
}

// As when a run has ended between learning the topic and deciding where to begin.
TEST_F(KafkaRenewedTopic, IsReadAtOnceIfTheCheckpointHasNoOffsets) {
  producer.create_topic(topic + "-2", 1);
  producer.send(topic + "-2", 0, {{"old"}});
  ASSERT_TRUE(begin().plan(std::nullopt).value());
  ASSERT_TRUE(world.checkpoints->remove("p/sources/0/0").ok());
  renew();
  SourceRun run = begin();
  const stream::Offset to = run.plan(std::nullopt).value().value();
  EXPECT_THAT(run.read({std::nullopt, to}).value(), SizeIs(3));
}

}  // namespace
}  // namespace lakeward::test
