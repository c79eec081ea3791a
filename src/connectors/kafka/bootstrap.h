// Where a cluster's first brokers are, and whether anybody listens there.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connectors/kafka/client.h"

namespace lakeward::connectors::kafka {

// Those that the property bootstrap.servers names: "host:port", "[::1]:port" or "host", perhaps
// with "ssl://" before it, as librdkafka takes them.
std::vector<BrokerAddress> bootstrap_brokers(const config::StringMap& properties);

// The first of the first few brokers that takes a connection, as "host:port"; nullopt if none does
// within a second each.
std::optional<std::string> find_listener(const config::StringMap& properties);

}  // namespace lakeward::connectors::kafka
