#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "connectors/kafka/mock_brokers.h"
#include "connectors/source_driver.h"
#include "format/record_headers.h"
#include "support/source_conformance.h"

namespace lakeward::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

std::vector<Message> numbered(int first, int count) {
  std::vector<Message> messages;
  for (int i = first; i < first + count; ++i)
    messages.push_back({"{\"n\":" + std::to_string(i) + "}"});
  return messages;
}

class KafkaSource : public ::testing::Test {
 protected:
  KafkaSource() { brokers.create_topic("readings", 3); }

  config::Value block(OptionList more = {}, const std::string& topic = "readings") {
    more.emplace_back("brokers", scalar(brokers.address()));
    more.emplace_back("topic", scalar(topic));
    return options(more);
  }
  SourceRun start(OptionList more = {}) {
    SourceRun run(world, "kafka", block(std::move(more)));
    const Status status = run.attach();
    EXPECT_TRUE(status.ok()) << status.message();
    return run;
  }
  stream::Offset plan(SourceRun& run, const std::optional<stream::Offset>& from,
                      stream::Limits limits = {}) {
    const auto to = run.plan(from, limits);
    EXPECT_TRUE(to.ok()) << to.status().message();
    EXPECT_TRUE(to.ok() && to->has_value());
    return to.ok() ? to->value_or("") : "";
  }

  MockBrokers brokers;
  World world;
};

TEST_F(KafkaSource, ReadsEachPartitionFromWhereItBegan) {
  brokers.send("readings", 0, {{"a0"}, {"a1"}});
  brokers.send("readings", 2, {{"c0"}});
  SourceRun run = start();
  const stream::Offset to = plan(run, std::nullopt);
  EXPECT_EQ(to, "{\"readings\":{\"0\":2,\"1\":0,\"2\":1}}");
  EXPECT_EQ(run.log().read_file("0").value(),
            std::string("\0v1\n", 4) + "{\"readings\":{\"0\":0,\"1\":0,\"2\":0}}");
  const auto records = run.read({std::nullopt, to}).value();
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].text, "a0");
  EXPECT_EQ(records[2].text, "c0");
  EXPECT_EQ(format::Position::split(records[2].position), 2u);
  EXPECT_FALSE(run.plan(to).value());
}

TEST_F(KafkaSource, GivesTopicPartitionOffsetKeyTimestampAndHeaders) {
  brokers.send(
      "readings", 1,
      {{"x", "device 7", 1'767'225'600'123, {{"trace", "a"}, {"trace", "b"}, {"z", "\xFF"}}},
       {"y"}});
  SourceRun run = start();
  const stream::Offset to = plan(run, std::nullopt);
  stream::Input input = run.source().read({.range = {std::nullopt, to}, .only = {}}).value();
  auto stream = std::get<std::unique_ptr<stream::RecordReader>>(input)->make_stream().value();
  const auto batch = stream->next().value();
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->provenance->topic, "readings");
  EXPECT_EQ(batch->provenance->partition, 1);
  EXPECT_THAT(std::vector(batch->offsets.begin(), batch->offsets.end()), ElementsAre(0, 1));
  EXPECT_EQ(batch->keys[0], "device 7");
  EXPECT_EQ(batch->keys[1], std::nullopt);
  EXPECT_EQ(batch->timestamps[0].millis(), 1'767'225'600'123);
  EXPECT_TRUE(batch->provenance->has_headers);
  EXPECT_EQ(format::headers_json(batch->headers[0]),
            R"({"trace":["a","b"],"z":{"base64":"/w=="}})");
  EXPECT_EQ(format::headers_json(batch->headers[1]), "{}");
  EXPECT_FALSE(stream->next().value());
}

TEST_F(KafkaSource, LeavesOutWhatTheQueryDoesNotUse) {
  brokers.send("readings", 0, {{"x", "k"}});
  SourceRun run = start();
  const stream::Offset to = plan(run, std::nullopt);
  stream::Input input = run.source()
                            .read({.range = {std::nullopt, to},
                                   .only = {},
                                   .want_keys = false,
                                   .want_timestamps = false,
                                   .want_headers = false})
                            .value();
  auto stream = std::get<std::unique_ptr<stream::RecordReader>>(input)->make_stream().value();
  const auto batch = stream->next().value();
  ASSERT_TRUE(batch);
  EXPECT_TRUE(batch->keys.empty());
  EXPECT_TRUE(batch->timestamps.empty());
  EXPECT_TRUE(batch->headers.empty());
}

TEST_F(KafkaSource, LetsDecodersReadPastEachPayload) {
  brokers.send("readings", 0,
               {{std::string(600'000, 'x')}, {"y"}, {""}, {std::string(600'000, 'z')}});
  SourceRun run = start();
  const stream::Offset to = plan(run, std::nullopt);
  stream::Input input = run.source().read({.range = {std::nullopt, to}, .only = {}}).value();
  auto stream = std::get<std::unique_ptr<stream::RecordReader>>(input)->make_stream().value();
  std::vector<size_t> sizes;
  while (const auto batch = stream->next().value()) {
    for (const format::Record& record : batch->records) {
      sizes.push_back(record.payload.size());
      // A sanitizer sees a read of memory that is not the block's.
      volatile char last = record.payload.data()[record.payload.size() + format::kPadding - 1];
      (void)last;
    }
  }
  EXPECT_THAT(sizes, ElementsAre(600'000, 1, 0, 600'000));
}

TEST_F(KafkaSource, SharesTheRowLimitAmongPartitions) {
  brokers.send("readings", 0, numbered(0, 100));
  brokers.send("readings", 1, numbered(100, 3));
  brokers.send("readings", 2, numbered(200, 100));
  SourceRun run = start();
  EXPECT_EQ(plan(run, std::nullopt, {.rows = 23}), "{\"readings\":{\"0\":10,\"1\":3,\"2\":10}}");
}

TEST_F(KafkaSource, TakesTheByteLimitFromTheSizesThatItHasSeen) {
  brokers.send("readings", 0, std::vector<Message>(100, {std::string(200, 'x')}));
  SourceRun run = start();
  // Nothing is known yet: records could be as large as brokers take them.
  const stream::Offset first = plan(run, std::nullopt, {.bytes = 10 << 20});
  EXPECT_EQ(first, "{\"readings\":{\"0\":10,\"1\":0,\"2\":0}}");
  EXPECT_TRUE(run.source().left_behind());
  EXPECT_EQ(run.read({std::nullopt, first}).value().size(), 10u);
  EXPECT_EQ(plan(run, first, {.bytes = 10'000}), "{\"readings\":{\"0\":60,\"1\":0,\"2\":0}}");
}

TEST_F(KafkaSource, SetsALimitForAPipelineThatHasNone) {
  brokers.send("readings", 0, std::vector<Message>(600, {"x"}));
  SourceRun run = start();
  EXPECT_EQ(plan(run, std::nullopt), "{\"readings\":{\"0\":256,\"1\":0,\"2\":0}}");
  EXPECT_EQ(plan(run, std::nullopt, {.rows = 500}), "{\"readings\":{\"0\":500,\"1\":0,\"2\":0}}");
  EXPECT_TRUE(run.source().left_behind());
  EXPECT_EQ(plan(run, std::nullopt, {.rows = 600}), "{\"readings\":{\"0\":600,\"1\":0,\"2\":0}}");
  EXPECT_FALSE(run.source().left_behind());
}

TEST_F(KafkaSource, GoesOnFromRangeToRangeWithoutFetchingAgain) {
  brokers.send("readings", 0, numbered(0, 1'000));
  brokers.send("readings", 1, numbered(1'000, 1'000));
  SourceRun run = start();
  std::vector<std::string> seen;
  for (const auto& epoch : run.drain(std::nullopt, {.rows = 77})) {
    EXPECT_LE(epoch.size(), 77u);
    seen.insert(seen.end(), epoch.begin(), epoch.end());
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen.size(), 2'000u);
  EXPECT_EQ(std::unique(seen.begin(), seen.end()), seen.end());
}

struct Beginning {
  const char* name;
  config::Value start;
  const char* offsets;
};
class KafkaStart : public KafkaSource, public ::testing::WithParamInterface<Beginning> {};

TEST_P(KafkaStart, IsDecidedOnceAndKept) {
  brokers.send("readings", 0, {{"a", {}, 1'000}, {"b", {}, 2'000}, {"c", {}, 3'000}});
  {
    SourceRun run = start({{"start", GetParam().start}});
    (void)run.plan(std::nullopt).value();
  }
  brokers.send("readings", 0, {{"d", {}, 4'000}});
  SourceRun run = start({{"start", GetParam().start}});
  const stream::Offset to = plan(run, std::nullopt);
  EXPECT_EQ(to, "{\"readings\":{\"0\":4,\"1\":0,\"2\":0}}");
  EXPECT_EQ(run.log().read_file("0").value(), std::string("\0v1\n", 4) + GetParam().offsets);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, KafkaStart,
    ::testing::Values(
        Beginning{"Earliest", scalar("earliest"), "{\"readings\":{\"0\":0,\"1\":0,\"2\":0}}"},
        Beginning{"Latest", scalar("latest"), "{\"readings\":{\"0\":3,\"1\":0,\"2\":0}}"},
        Beginning{"Offsets", options({{"0", scalar("1")}, {"1", scalar("latest")}}),
                  "{\"readings\":{\"0\":1,\"1\":0,\"2\":0}}"}),
    [](const auto& info) { return info.param.name; });

TEST_F(KafkaSource, DoesNotKeepAStartThatCannotBe) {
  brokers.send("readings", 0, {{"a"}, {"b"}});
  SourceRun run = start({{"start", options({{"0", scalar("120000")}})}});
  const Status refused = run.plan(std::nullopt).status();
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.message(),
              HasSubstr("'start' says offset 120,000, but partition 0 of 'readings' ends at 2"));
  EXPECT_EQ(run.log().read_file("0").status().code(), StatusCode::kNotFound);
  SourceRun corrected = start({{"start", options({{"0", scalar("1")}})}});
  EXPECT_EQ(corrected.drain(), (std::vector<std::vector<std::string>>{{"b"}}));
}

TEST_F(KafkaSource, ReadsAPartitionThatAppearsLaterFromItsFirstRecord) {
  brokers.send("readings", 0, {{"a"}});
  SourceRun run = start({{"start", scalar("latest")}});
  EXPECT_FALSE(run.plan("{\"readings\":{\"0\":1}}").value());
  brokers.send("readings", 1, {{"b"}});
  const stream::Offset to = plan(run, "{\"readings\":{\"0\":1}}");
  EXPECT_EQ(to, "{\"readings\":{\"0\":1,\"1\":1,\"2\":0}}");
  const auto records = run.read({"{\"readings\":{\"0\":1}}", to}).value();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].text, "b");
}

TEST_F(KafkaSource, ReadsAllTopicsThatMatchAPatternAndThoseMadeLater) {
  brokers.create_topic("sensor_a", 1);
  brokers.create_topic("a_sensor_b", 1);
  brokers.send("sensor_a", 0, {{"a"}});
  brokers.send("a_sensor_b", 0, {{"no"}});
  SourceRun run(world, "kafka",
                options({{"brokers", scalar(brokers.address())},
                         {"topic_pattern", scalar("sensor_.*")},
                         {"start", scalar("latest")}}));
  ASSERT_TRUE(run.attach().ok());
  EXPECT_FALSE(run.plan(std::nullopt).value());
  EXPECT_EQ(run.log().read_file("0").value(),
            std::string("\0v1\n", 4) + "{\"sensor_a\":{\"0\":1}}");
  brokers.create_topic("sensor_b", 1);
  brokers.send("sensor_b", 0, {{"b"}});
  EXPECT_FALSE(run.plan(std::nullopt).value()) << "topics are asked for only now and then";
  world.clock.advance(Duration{5'000'000});
  const stream::Offset to = plan(run, std::nullopt);
  EXPECT_EQ(to, "{\"sensor_a\":{\"0\":1},\"sensor_b\":{\"0\":1}}");
  const auto records = run.read({std::nullopt, to}).value();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].text, "b");
}

TEST_F(KafkaSource, SaysThatNoTopicMatches) {
  SourceRun run(
      world, "kafka",
      options({{"brokers", scalar(brokers.address())}, {"topic_pattern", scalar("sensor")}}));
  ASSERT_TRUE(run.attach().ok());
  const Status status = run.plan(std::nullopt).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("no topic matches 'sensor'"));
}

TEST_F(KafkaSource, RefusesATopicThatEndsBeforeItsCheckpointIfThatLasts) {
  brokers.send("readings", 0, {{"a"}});
  SourceRun run = start();
  const stream::Offset checkpoint = "{\"readings\":{\"0\":9,\"1\":0,\"2\":0}}";
  for (const StatusCode expected :
       {StatusCode::kUnavailable, StatusCode::kUnavailable, StatusCode::kCorruption}) {
    const auto plan = run.plan(checkpoint);
    EXPECT_EQ(plan.status().code(), expected) << plan.status().message();
    EXPECT_THAT(plan.status().message(),
                HasSubstr("partition 0 of 'readings' ends at offset 1, but "
                          "the checkpoint of 'p' is at 9"));
    world.clock.advance(Duration{20'000'000});
  }
  EXPECT_THAT(run.plan(checkpoint).status().message(),
              HasSubstr("the brokers have lost records 1 to 8"));
}

// As from a leader that is none any more, or has just become it.
TEST_F(KafkaSource, TakesAnEndBeforeTheCheckpointForAnOldAnswerIfItDoesNotLast) {
  SourceRun run = start();
  const stream::Offset checkpoint = "{\"readings\":{\"0\":2,\"1\":0,\"2\":0}}";
  for (int round = 1; round <= 2; ++round) {
    brokers.send("readings", 0, {{"a"}});
    const auto plan = run.plan(checkpoint);
    EXPECT_EQ(plan.status().code(), round == 1 ? StatusCode::kUnavailable : StatusCode::kOk);
    world.clock.advance(Duration{60'000'000});
  }
  const stream::Offset ahead = "{\"readings\":{\"0\":3,\"1\":0,\"2\":0}}";
  EXPECT_TRUE(run.plan(ahead).status().retriable()) << "the time before counts no more";
}

TEST_F(KafkaSource, RefusesACheckpointOfAnotherTopicOrSource) {
  SourceRun run = start();
  EXPECT_THAT(run.plan("{\"other\":{\"0\":9}}").status().message(),
              HasSubstr("has read the topic 'other'"));
  EXPECT_EQ(run.plan("{\"logOffset\":9}").status().code(), StatusCode::kCorruption);
}

TEST_F(KafkaSource, SaysHowFarItIsBehind) {
  brokers.send("readings", 0, {{"a"}, {"b"}});
  brokers.send("readings", 1, {{"c"}});
  SourceRun run = start();
  const auto lag = run.source().lag("{\"readings\":{\"0\":1,\"1\":0,\"2\":0}}").value();
  EXPECT_EQ(lag.records, 2u);
  EXPECT_EQ(lag.position, "readings/0 at 1, readings/1 at 0, readings/2 at 0");
}

TEST_F(KafkaSource, KnowsItsPositionWithoutTheBrokers) {
  SourceRun run = start();
  brokers.go_down();
  EXPECT_EQ(run.source().position("{\"readings\":{\"0\":1200,\"1\":0}}").value(),
            "readings/0 at 1,200, readings/1 at 0");
}

TEST_F(KafkaSource, WaitsForBrokersThatAreAway) {
  brokers.send("readings", 0, {{"a"}});
  SourceRun run = start();
  brokers.go_down();
  const auto away = run.plan(std::nullopt);
  EXPECT_TRUE(away.status().retriable()) << away.status().message();
  EXPECT_THAT(away.status().message(), HasSubstr("refused"));
  brokers.come_up();
  while (!run.plan(std::nullopt).ok()) continue;
  const stream::Offset to = plan(run, std::nullopt);
  brokers.go_down();
  const auto unread = run.read({std::nullopt, to});
  EXPECT_TRUE(unread.status().retriable()) << unread.status().message();
  brokers.come_up();
  EXPECT_EQ(run.read({std::nullopt, to}).value().size(), 1u);
}

TEST_F(KafkaSource, AsksAgainWhenABrokerHasNoAnswerYet) {
  brokers.send("readings", 0, {{"a"}});
  SourceRun run = start();
  constexpr int16_t kFetch = 1;
  constexpr int16_t kListOffsets = 2;
  brokers.fail_next(kListOffsets, {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION});
  const stream::Offset to = plan(run, std::nullopt);
  brokers.fail_next(kFetch, {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION});
  EXPECT_EQ(run.read({std::nullopt, to}).value().size(), 1u);
}

TEST_F(KafkaSource, HearsAStopWhileItWaitsForRecords) {
  brokers.send("readings", 0, {{"a"}});
  SourceRun run = start();
  std::stop_source stop;
  const stream::Offset beyond = "{\"readings\":{\"0\":2,\"1\":0,\"2\":0}}";
  stream::Input input =
      run.source()
          .read({.range = {std::nullopt, beyond}, .only = {}, .stop = stop.get_token()})
          .value();
  auto stream = std::get<std::unique_ptr<stream::RecordReader>>(input)->make_stream().value();
  EXPECT_EQ(stream->next().value()->records.size(), 1u);
  stop.request_stop();
  EXPECT_EQ(stream->next().status().code(), StatusCode::kCancelled);
}

// ---- the conformance suite ----------------------------------------------------------------------

struct KafkaTopic {
  KafkaTopic() { brokers.create_topic("t", 3); }
  Result<std::unique_ptr<stream::Source>> make_source() {
    return world.make_source("kafka", options());
  }
  void add(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      brokers.send("t", static_cast<int32_t>(sent % 3), {{"record " + std::to_string(sent)}});
      ++sent;
    }
  }
  size_t overshoot() const { return 0; }
  const stream::SourceType& type() const { return *world.registry.source("kafka"); }
  config::Value options() const {
    return test::options({{"brokers", scalar(brokers.address())}, {"topic", scalar("t")}});
  }

  MockBrokers brokers;
  World world;
  size_t sent = 0;
};

INSTANTIATE_TYPED_TEST_SUITE_P(KafkaTopic, SourceConformance, KafkaTopic);

}  // namespace
}  // namespace lakeward::test
