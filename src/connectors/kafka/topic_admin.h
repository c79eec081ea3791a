// Topics of a cluster: which there are, what they are like, and new ones. Knows nothing of
// librdkafka, so that commands may include it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/kafka/cluster.h"
#include "connectors/kafka/partition_state.h"

namespace lakeward::connectors::kafka {

struct TopicSummary {
  std::string name;
  size_t partitions = 0;
  size_t replicas = 0;  // of each partition
};

struct PartitionDescription : PartitionState {
  // nullopt if the brokers do not tell now.
  std::optional<int64_t> earliest;
  std::optional<int64_t> latest;  // behind the last record
};

struct TopicSetting {
  std::string name;
  std::string value;
  bool is_default = true;
};

struct TopicDescription {
  std::string name;
  std::vector<PartitionDescription> partitions;
  Status without_offsets;  // Unavailable, with the reason, if some have none
  // By name; nullopt if the brokers do not tell, as this user may not ask.
  std::optional<std::vector<TopicSetting>> settings;
};

struct TopicWish {
  std::string name;
  int32_t partitions = -1;  // -1: as the brokers have it
  int32_t replication_factor = -1;
  config::StringMap settings;
};

// Errors of all: Unavailable, InvalidArgument for what somebody must mend, NotFound for a topic.
// Not thread-safe.
class TopicAdmin {
 public:
  static Result<std::unique_ptr<TopicAdmin>> connect(const Cluster& cluster);
  virtual ~TopicAdmin() = default;

  // By name, without the brokers' own (those that begin with "__").
  virtual Result<std::vector<TopicSummary>> list() = 0;
  virtual Result<TopicDescription> describe(const std::string& topic) = 0;
  // AlreadyExists if there is one of that name. Returns when the topic can be used.
  virtual Status create(const TopicWish& topic) = 0;
};

}  // namespace lakeward::connectors::kafka
