// What the brokers say of topics beside their partitions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connectors/kafka/client.h"

namespace lakeward::connectors::kafka {

struct TopicFacts {
  std::string name;
  // Another one if a topic of the same name is made anew (KIP-516); empty if the brokers are too
  // old.
  std::string id;
  std::optional<bool> may_write;  // nullopt: they do not say
};

// In one question, once `client` has met the brokers; topics that do not exist are left out. Waits
// for a few seconds at most. Errors: Unavailable; Unsupported if the brokers do not know the
// question.
Result<std::vector<TopicFacts>> describe_topics(Client& client,
                                                const std::vector<std::string>& topics,
                                                bool ask_permissions);

}  // namespace lakeward::connectors::kafka
