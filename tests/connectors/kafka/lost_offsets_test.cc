// Records that the brokers delete while an epoch reads them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "connectors/kafka/mock_brokers.h"
#include "connectors/source_driver.h"

namespace lakeward::test {
namespace {

using ::testing::HasSubstr;

constexpr int16_t kFetch = 1;

class KafkaLostOffsets : public ::testing::Test {
 protected:
  static constexpr int kPartitions = 2;

  KafkaLostOffsets() {
    brokers.create_topic("readings", kPartitions);
    for (int32_t partition = 0; partition < kPartitions; ++partition) {
      brokers.send("readings", partition, {{"a"}, {"b"}, {"c"}});
    }
  }
  SourceRun start(const std::string& policy) {
    SourceRun run(world, "kafka",
                  options({{"brokers", scalar(brokers.address())},
                           {"topic", scalar("readings")},
                           {"on_lost_offsets", scalar(policy)}}));
    EXPECT_TRUE(run.attach().ok());
    return run;
  }
  // A reader of the range, whose first Fetch comes too late.
  std::unique_ptr<stream::RecordReader> read_too_late(SourceRun& run) {
    brokers.fail_next(kFetch, {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE});
    stream::Input input = run.source().read({.range = {std::nullopt, to}, .only = {}}).value();
    return std::get<std::unique_ptr<stream::RecordReader>>(std::move(input));
  }
  // The mock's partitions keep 5 MiB.
  void expire_all() {
    for (int32_t partition = 0; partition < kPartitions; ++partition) {
      for (int i = 0; i < 8; ++i) {
        brokers.send("readings", partition, {{std::string(900'000, 'x')}});
      }
    }
  }

  const stream::Offset to = "{\"readings\":{\"0\":3,\"1\":3}}";
  MockBrokers brokers;
  World world;
};

class KafkaLostOffsetsPolicy : public KafkaLostOffsets,
                               public ::testing::WithParamInterface<const char*> {};

TEST_P(KafkaLostOffsetsPolicy, SkipsAndCountsThemWhenTheEpochIsRepeated) {
  SourceRun run = start(GetParam());
  ASSERT_TRUE(run.plan(std::nullopt).ok());
  auto reader = read_too_late(run);
  expire_all();
  const Status late = reader->make_stream().value()->next().status();
  EXPECT_TRUE(late.retriable()) << late.message();
  EXPECT_THAT(late.message(), HasSubstr("records were deleted while they were read"));
  stream::Input again = run.source().read({.range = {std::nullopt, to}, .only = {}}).value();
  const auto& repeated = std::get<std::unique_ptr<stream::RecordReader>>(again);
  EXPECT_EQ(repeated->lost(), 6u);
  EXPECT_FALSE(repeated->make_stream().value()->next().value());
}

INSTANTIATE_TEST_SUITE_P(Policies, KafkaLostOffsetsPolicy, ::testing::Values("earliest", "latest"),
                         [](const auto& info) { return std::string(info.param); });

// After a restart, nothing was asked of the brokers before; two threads then ask at once.
TEST_F(KafkaLostOffsets, AreNamedWhenSeveralPartitionsLoseThemAtOnce) {
  {
    SourceRun planned = start("fail");
    ASSERT_TRUE(planned.plan(std::nullopt).ok());
  }
  expire_all();
  for (int round = 0; round < 10; ++round) {
    SourceRun restarted = start("fail");
    auto reader = read_too_late(restarted);
    std::vector<std::jthread> threads;
    for (int i = 0; i < kPartitions; ++i) {
      threads.emplace_back([&] {
        const Status lost = reader->make_stream().value()->next().status();
        EXPECT_EQ(lost.code(), StatusCode::kCorruption) << lost.message();
        EXPECT_THAT(lost.message(),
                    HasSubstr("6 records were deleted before the pipeline 'p' had read them"));
      });
    }
  }
}

// The log of an epoch that is planned was cut off before it.
TEST_F(KafkaLostOffsets, AreNamedIfAPartitionEndsBeforeThemAndThatLasts) {
  SourceRun run = start("latest");
  for (const StatusCode expected : {StatusCode::kUnavailable, StatusCode::kCorruption}) {
    stream::Input input = run.source()
                              .read({.range = {"{\"readings\":{\"0\":5,\"1\":3}}",
                                               "{\"readings\":{\"0\":8,\"1\":3}}"},
                                     .only = {}})
                              .value();
    auto& reader = std::get<std::unique_ptr<stream::RecordReader>>(input);
    const Status gone = reader->make_stream().value()->next().status();
    EXPECT_EQ(gone.code(), expected) << gone.message();
    EXPECT_THAT(gone.message(), HasSubstr("partition 0 of 'readings' ends at offset 3, but the "
                                          "epoch that 'p' reads is at 5"));
    world.clock.advance(Duration{30'000'000});
  }
}

}  // namespace
}  // namespace lakeward::test
