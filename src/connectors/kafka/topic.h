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

}  // namespace lakeward::connectors::kafka
