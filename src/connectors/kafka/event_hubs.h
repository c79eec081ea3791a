// Azure Event Hubs, through its Kafka endpoint: what a `from: event_hubs:` block may say, as
// options of the Kafka source, and the service's own words for what it refuses.
#pragma once

#include <span>
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

// The options of EventHubsConnection, as options of a struct that inherits it.
namespace internal {

template <typename T, typename M>
constexpr M T::*hubs_member_of(M EventHubsConnection::*member) {
  return member;
}

}  // namespace internal

template <typename T>
config::Option<T> namespace_option() {
  return {"namespace", internal::hubs_member_of<T>(&EventHubsConnection::name_space),
          config::required(),
          "The Event Hubs namespace: NAME of NAME.servicebus.windows.net. Its tier must have a "
          "Kafka endpoint: Standard or higher."};
}
template <typename T>
config::Option<T> connection_string_option() {
  return {"connection_string", internal::hubs_member_of<T>(&EventHubsConnection::connection_string),
          config::required(),
          "The connection string of a shared access policy, of the namespace or of one event hub. "
          "To read, the policy needs the claim Listen; to write, Send."};
}
template <typename T>
config::Option<T> endpoint_option() {
  return {"endpoint", internal::hubs_member_of<T>(&EventHubsConnection::endpoint),
          config::optional(),
          "Another host:port of the Kafka endpoint, such as a private one; default: the host of "
          "the connection string, port 9093."};
}
template <typename T>
config::Option<T> authorities_option() {
  return {"tls_ca", internal::hubs_member_of<T>(&EventHubsConnection::tls_ca), config::optional(),
          "A PEM file with the authorities that may sign the endpoint's certificate; default: the "
          "system's."};
}
template <typename T>
config::Option<T> other_properties_option() {
  return {"properties", internal::hubs_member_of<T>(&EventHubsConnection::properties),
          config::optional(), "Any other property of librdkafka, by its name there."};
}

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
// `owned`: properties that cannot be given, see check_connection().
void check_event_hubs_connection(const EventHubsConnection& connection, const config::Value& block,
                                 std::span<const OwnedProperty> owned, config::Problems& problems);
// That the connection string is for these event hubs, and that there is one.
void check_event_hub_names(const EventHubsConnection& connection,
                           const std::vector<std::string>& names, const config::Value& block,
                           config::Problems& problems);

// The event hubs that are meant: those that are named, or else the connection string's own.
std::vector<std::string> event_hubs_of(const EventHubsConnection& connection,
                                       const std::vector<std::string>& names);
// Kafka's options for a namespace. The connection string must be one.
ConnectionOptions kafka_connection(const EventHubsConnection& connection);

Service event_hubs_service();
stream::SourceType event_hubs_source_type();

}  // namespace lakeward::connectors::kafka
