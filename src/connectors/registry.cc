#include "connectors/registry.h"

#include "connectors/console/sink.h"
#include "connectors/delta/sink.h"
#include "connectors/delta/source.h"
#include "connectors/file/sink.h"
#include "connectors/file/source.h"
#include "connectors/http/source.h"
#include "connectors/kafka/event_hubs.h"
#include "connectors/kafka/event_hubs_sink.h"
#include "connectors/kafka/sink.h"
#include "connectors/kafka/source.h"
#include "connectors/simulator/source.h"

namespace lakeward::connectors {

void register_connectors(stream::Registry& registry) {
  registry.add_sink("console", console::sink_type());
  registry.add_source("delta", delta::source_type());
  registry.add_sink("delta", delta::sink_type());
  registry.add_source("event_hubs", kafka::event_hubs_source_type());
  registry.add_sink("event_hubs", kafka::event_hubs_sink_type());
  registry.add_source("file", file::source_type());
  registry.add_sink("file", file::sink_type());
  registry.add_source("http", http::source_type());
  registry.add_source("kafka", kafka::source_type());
  registry.add_sink("kafka", kafka::sink_type());
  registry.add_source("simulator", simulator::source_type());
}

}  // namespace lakeward::connectors
