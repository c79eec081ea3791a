// Azure Event Hubs, through its Kafka endpoint: what a `from: event_hubs:` block may say, as
// options of the Kafka source, and the service's own words for what it refuses.
#pragma once

#include <string>
#include <vector>

#include "base/secret.h"
#include "connectors/kafka/options.h"
#include "stream/registry.h"

namespace lakeward::connectors::kafka {

// How to reach a namespace; the same in every block that does.
struct EventHubsConnection {
  std::string name_space;
  SecretString connection_string;
  std::string endpoint;
  std::string tls_ca;
  config::StringMap properties;
};

struct EventHubsSourceOptions : EventHubsConnection {
  std::vector<std::string> event_hub;
  config::Value start;
  OnLostOffsets on_lost_offsets = OnLostOffsets::kFail;
  std::string consumer_group;
};

// The parts of
// "Endpoint=sb://NAME.servicebus.windows.net/;SharedAccessKeyName=…;SharedAccessKey=…", all but the
// key.
struct ConnectionString {
  std::string host;         // of the endpoint: "NAME.servicebus.windows.net"
  std::string policy;       // SharedAccessKeyName
  std::string entity_path;  // of one event hub; "" for one of the whole namespace
};
// Errors: InvalidArgument, which says what is missing and never shows the text.
Result<ConnectionString> parse_connection_string(const SecretString& text);

const config::OptionSet<EventHubsConnection>& event_hubs_connection_options();
void check_event_hubs_connection(const EventHubsConnection& connection, const config::Value& block,
                                 config::Problems& problems);

// The event hubs that are read: those that are named, or else the connection string's own.
std::vector<std::string> event_hubs_of(const EventHubsSourceOptions& options);
// Kafka's options for a namespace. The connection string must be one.
ConnectionOptions kafka_connection(const EventHubsConnection& connection);

Service event_hubs_service();
stream::SourceType event_hubs_source_type();

}  // namespace lakeward::connectors::kafka
