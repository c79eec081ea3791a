// Reads topics for tests.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connectors/kafka/test_producer.h"

namespace lakeward::test {

struct ReadMessage {
  int32_t partition = 0;
  int64_t offset = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  int64_t timestamp_ms = 0;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
};

// All that transactions have committed to a topic, partition by partition; with
// `isolation.level: read_uncommitted` among the properties, all records.
std::vector<ReadMessage> read_topic(const Properties& properties, const std::string& topic);
// Waits until all that was sent to a topic can be read: a transaction whose commit or abort is
// answered stays open until each partition has its marker. For when no other transaction is open
// there.
void await_transactions(const Properties& properties, const std::string& topic);
// Whether each partition's leader says where it ends.
bool is_served(rd_kafka_t* client, const std::string& topic, int partitions);
// What a consumer group has stored of each partition; -1: nothing. Waits for its coordinator.
std::vector<int64_t> committed_offsets(Properties properties, const std::string& group,
                                       const std::string& topic);
std::vector<std::string> read_values(const Properties& properties, const std::string& topic);

}  // namespace lakeward::test
