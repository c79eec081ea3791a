// Tests beside a real broker, which tests/services/kafka/with_broker starts and ends.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "connectors/kafka/test_producer.h"
#include "connectors/source_driver.h"

namespace lakeward::test {

inline std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  EXPECT_NE(value, nullptr) << "run this with tests/services/kafka/with_broker";
  return value == nullptr ? "" : value;
}

class KafkaBroker : public ::testing::Test {
 protected:
  KafkaBroker() {
    topic = std::string("t-") + ::testing::UnitTest::GetInstance()->current_test_info()->name();
  }
  Properties properties(Properties more = {}) const {
    more.emplace_back("bootstrap.servers", address);
    return more;
  }
  SourceRun start(OptionList more = {}) {
    more.emplace_back("brokers", scalar(address));
    more.emplace_back("topic", scalar(topic));
    SourceRun run(world, "kafka", options(more));
    const Status status = run.attach();
    EXPECT_TRUE(status.ok()) << status.message();
    return run;
  }
  std::vector<std::string> drain_all(SourceRun& run, stream::Limits limits = {}) {
    std::vector<std::string> texts;
    for (const auto& epoch : run.drain(std::nullopt, limits)) {
      texts.insert(texts.end(), epoch.begin(), epoch.end());
    }
    return texts;
  }

  const std::string address = from_environment("LAKEWARD_KAFKA");
  std::string topic;
  World world;
};

}  // namespace lakeward::test
