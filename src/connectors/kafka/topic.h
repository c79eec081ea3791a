// Making topics, and what this user may do with one.
#pragma once

#include <cstdint>
#include <optional>
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

// Whether the brokers would take records of a topic that exists; nullopt if they do not say so.
std::optional<bool> may_write(Client& client, const std::string& topic);

}  // namespace lakeward::connectors::kafka
