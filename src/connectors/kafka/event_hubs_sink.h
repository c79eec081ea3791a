// Rows into an event hub of Azure Event Hubs: what a `to: event_hubs:` block may say, as options of
// the Kafka sink.
#pragma once

#include "connectors/kafka/service.h"
#include "stream/registry.h"

namespace lakeward::connectors::kafka {

// The service ends connections on which a request is larger than 1,046,528 bytes: this is
// message.max.bytes.
inline constexpr const char* kLargestHubMessage = "1000000";

// event_hubs_service(), for writers.
Service event_hubs_writing_service();

stream::SinkType event_hubs_sink_type();

}  // namespace lakeward::connectors::kafka
