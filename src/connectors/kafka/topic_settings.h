// What brokers are asked on an administrator's behalf.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "connectors/kafka/client.h"
#include "connectors/kafka/handles.h"
#include "connectors/kafka/topic_admin.h"

namespace lakeward::connectors::kafka {

// The answer to a request that `send` puts, with the queue for it. Errors: Unavailable,
// InvalidArgument.
Result<Event> ask_brokers(Client& client, const std::string& what,
                          const std::function<void(rd_kafka_queue_t* answers)>& send);

// By name; nullopt if the brokers do not tell, as this user may not ask. Asks some times, as the
// controller may be a broker that has just died. Errors: as ask_brokers().
Result<std::optional<std::vector<TopicSetting>>> topic_settings(Client& client,
                                                                const std::string& topic);

// One that is a number above 0, as far as this user may know.
std::optional<uint64_t> topic_number(Client& client, const std::string& topic,
                                     const std::string& setting);

}  // namespace lakeward::connectors::kafka
