// What a source asks the brokers about topics.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "connectors/kafka/client.h"
#include "connectors/kafka/topic_facts.h"

namespace lakeward::connectors::kafka {

class TopicDirectory {
 public:
  virtual ~TopicDirectory() = default;

  // All topics that may be seen. Errors: as Client::topics().
  virtual Result<std::vector<std::string>> topics() = 0;
  // The numbers of a topic's partitions, ascending. Errors: as Client::partitions().
  virtual Result<std::vector<int32_t>> partitions(const std::string& topic) = 0;
  // Those of the topics that exist. Errors: as describe_topics().
  virtual Result<std::vector<TopicFacts>> describe(const std::vector<std::string>& topics) = 0;
};

// Of the brokers that the client is connected to, which outlives it.
class BrokersTopics final : public TopicDirectory {
 public:
  explicit BrokersTopics(Client& client) : client_(client) {}

  Result<std::vector<std::string>> topics() override { return client_.topics(); }
  Result<std::vector<int32_t>> partitions(const std::string& topic) override {
    return client_.partitions(topic);
  }
  Result<std::vector<TopicFacts>> describe(const std::vector<std::string>& topics) override {
    return describe_topics(client_, topics, false);
  }

 private:
  Client& client_;
};

}  // namespace lakeward::connectors::kafka
