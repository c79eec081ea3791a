// Making topics.
#pragma once

#include <cstdint>
#include <string>

#include "config/options.h"
#include "connectors/kafka/client.h"

namespace lakeward::connectors::kafka {

struct NewTopic {
  int64_t partitions = 0;   // 0: what the brokers say
  int64_t replication = 0;  // 0: what the brokers say
  config::StringMap config;
};

// Makes a topic and waits until it can be used; one that exists is left as it is. Errors:
// InvalidArgument (no permission, or what the brokers refuse), Unavailable.
Status create_topic(Client& client, const std::string& topic, const NewTopic& wanted);

// Waits until a topic that the controller has just made can be used: until its partitions have
// leaders, and those answer. Errors: Unavailable, InvalidArgument.
Status await_topic(Client& client, const std::string& topic);

// Waits until the leaders of a topic's partitions answer, for before a producer's first records: a
// broker that has just become one is told of a moment before it takes records. If it refuses the
// first ones and takes those behind them, it refuses the first ones for ever, and librdkafka takes
// them for delivered (KAFKA-15591, seen with Kafka 4.1). Partitions without a leader are not waited
// for. Errors: NotFound, Unavailable, InvalidArgument.
Status await_leaders(Client& client, const std::string& topic);

}  // namespace lakeward::connectors::kafka
