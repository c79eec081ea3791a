// The consumer group that tools watch: `group_id`.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "connectors/kafka/client.h"
#include "connectors/kafka/mock_brokers.h"
#include "connectors/source_driver.h"

namespace lakeward::test {
namespace {

using connectors::kafka::Client;

class KafkaGroup : public ::testing::Test {
 protected:
  KafkaGroup() { brokers.create_topic("readings", 2); }

  SourceRun start() {
    SourceRun run(world, "kafka",
                  options({{"brokers", scalar(brokers.address())},
                           {"topic", scalar("readings")},
                           {"group_id", scalar("watched")}}));
    EXPECT_TRUE(run.attach().ok());
    return run;
  }
  int64_t committed(int32_t partition) {
    const auto client =
        Client::make({{"bootstrap.servers", brokers.address()}, {"group.id", "watched"}}).value();
    const auto stored = client->committed({"readings", partition}).value();
    return stored ? stored->offset : -1;
  }

  MockBrokers brokers;
  World world;
};

TEST_F(KafkaGroup, HasTheOffsetsOfTheLastEpochWhenARunHasEnded) {
  brokers.send("readings", 0, {{"a"}, {"b"}, {"c"}});
  {
    SourceRun run = start();
    EXPECT_EQ(run.drain(std::nullopt, {.rows = 1}).size(), 3u);
  }
  EXPECT_EQ(committed(0), 3);
  EXPECT_EQ(committed(1), 0);
}

TEST_F(KafkaGroup, IsNotWaitedForWhenTheBrokersAreAway) {
  brokers.send("readings", 0, {{"a"}});
  SourceRun run = start();
  EXPECT_EQ(run.drain().size(), 1u);
  brokers.go_down();
  EXPECT_FALSE(run.plan(std::nullopt).ok());
}

}  // namespace
}  // namespace lakeward::test
