// Rows into an event hub of Azure Event Hubs: what a `to: event_hubs:` block may say, as options of
// the Kafka sink.
#pragma once

#include "stream/registry.h"

namespace lakeward::connectors::kafka {

stream::SinkType event_hubs_sink_type();

}  // namespace lakeward::connectors::kafka
