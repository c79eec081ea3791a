#include "connectors/kafka/event_hubs.h"

#include <algorithm>
#include <utility>

#include "connectors/declared_options.h"
#include "connectors/kafka/source.h"

namespace lakeward::connectors::kafka {

using config::default_to;
using config::Location;
using config::optional;
using config::Problems;
using config::required;
using config::Value;

namespace {

constexpr std::string_view kPort = ":9093";
constexpr const char* kUser = "$ConnectionString";
// The service ends connections that were idle for 240 s, and wants to be asked for metadata more
// often than that ("Recommended configurations for Apache Kafka clients", Azure Event Hubs).
constexpr std::pair<const char*, const char*> kProperties[] = {
    {"metadata.max.age.ms", "180000"},
    {"connections.max.idle.ms", "180000"},
    {"socket.keepalive.enable", "true"},
    {"socket.timeout.ms", "60000"}};

constexpr const char* kLogin = "the login is 'connection_string'";
constexpr const char* kNoOwnCertificate = "the service asks for no certificate";

// In words of options that there are.
constexpr OwnedProperty kHubProperties[] = {
    {"bootstrap.servers", "say it in 'namespace', or in 'endpoint'"},
    {"metadata.broker.list", "say it in 'namespace', or in 'endpoint'"},
    {"security.protocol", "the service wants TLS and a login"},
    {"sasl.mechanism", kLogin},
    {"sasl.mechanisms", kLogin},
    {"sasl.username", kLogin},
    {"sasl.password", kLogin},
    {"sasl.oauthbearer.method", kLogin},
    {"sasl.oauthbearer.token.endpoint.url", kLogin},
    {"sasl.oauthbearer.client.id", kLogin},
    {"sasl.oauthbearer.client.secret", kLogin},
    {"sasl.oauthbearer.scope", kLogin},
    {"sasl.oauthbearer.extensions", kLogin},
    {"ssl.certificate.location", kNoOwnCertificate},
    {"ssl.key.location", kNoOwnCertificate},
    {"ssl.key.password", kNoOwnCertificate},
    {"enable.ssl.certificate.verification", "the service's certificate is always verified"},
};
constexpr OwnedProperty kHubReading[] = {
    {"group.id", "say it in 'consumer_group'"},
    {"isolation.level", "events of transactions, a preview of the service, are read at once"},
};

std::string namespace_of(const std::string& host) { return host.substr(0, host.find('.')); }

void check_options(const EventHubsSourceOptions& options, const Value& block, Problems& problems) {
  const size_t before = problems.size();
  std::vector<OwnedProperty> owned(std::begin(kHubReading), std::end(kHubReading));
  const std::span<const OwnedProperty> reading = reading_properties();
  owned.insert(owned.end(), reading.begin(), reading.end());
  check_event_hubs_connection(options, block, owned, problems);
  if (!parse_connection_string(options.connection_string).ok() || problems.size() > before) return;
  check_event_hub_names(options, options.event_hub, block, problems);
  parse_start(options.start, Subscription::of_topics(event_hubs_of(options, options.event_hub)),
              problems);
}

const config::OptionSet<EventHubsSourceOptions>& source_options() {
  using T = EventHubsSourceOptions;
  static const config::OptionSet<T> options = {
      namespace_option<T>(),
      connection_string_option<T>(),
      {"event_hub", &T::event_hub, optional(),
       "The event hub to read, or a list of them; default: the EntityPath of 'connection_string'."},
      {"start", &T::start, optional(),
       "Where a pipeline without a checkpoint begins: earliest (the default), latest, a time, or "
       "offsets by partition."},
      {"on_lost_offsets", &T::on_lost_offsets, default_to(OnLostOffsets::kFail),
       "What to do when the retention time has removed events before they were read: stop, or go "
       "on from the earliest or the latest event and count them as lost. The same of a "
       "event hub that is gone."},
      {"consumer_group", &T::consumer_group, optional(),
       "A consumer group to which the offsets are committed after each epoch, for tools that "
       "watch the lag. Nothing is read from it."},
      endpoint_option<T>(),
      authorities_option<T>(),
      other_properties_option<T>(),
  };
  return options;
}

KafkaSourceOptions kafka_options(const EventHubsSourceOptions& options) {
  KafkaSourceOptions kafka;
  static_cast<ConnectionOptions&>(kafka) = kafka_connection(options);
  kafka.topic = event_hubs_of(options, options.event_hub);
  kafka.start = options.start;
  kafka.on_lost_offsets = options.on_lost_offsets;
  kafka.group_id = options.consumer_group;
  kafka.isolation = Isolation::kReadUncommitted;  // transactions are a preview there
  return kafka;
}

}  // namespace

const config::OptionSet<EventHubsConnection>& event_hubs_connection_options() {
  using T = EventHubsConnection;
  static const config::OptionSet<T> options = {
      namespace_option<T>(),   connection_string_option<T>(), endpoint_option<T>(),
      authorities_option<T>(), other_properties_option<T>(),
  };
  return options;
}

Result<ConnectionString> parse_connection_string(const SecretString& text) {
  ConnectionString parsed;
  std::string host;
  bool key = false;
  std::string_view rest = text.expose();
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    const size_t equals = std::min(part.find('='), part.size());
    const std::string_view name = part.substr(0, equals);
    const std::string value(part.substr(std::min(equals + 1, part.size())));
    if (name == "Endpoint") host = value;
    if (name == "SharedAccessKeyName") parsed.policy = value;
    if (name == "SharedAccessKey") {
      key = !value.empty();
      hide_secret(value);  // without the rest, too
    }
    if (name == "EntityPath") parsed.entity_path = value;
  }
  constexpr std::string_view kScheme = "sb://";
  if (host.starts_with(kScheme)) parsed.host = host.substr(kScheme.size());
  parsed.host = parsed.host.substr(0, parsed.host.find_first_of("/:"));
  std::string missing;
  if (parsed.host.empty()) missing = "Endpoint=sb://…";
  if (parsed.policy.empty())
    missing += (missing.empty() ? "" : ", ") + std::string("SharedAccessKeyName=…");
  if (!key) missing += (missing.empty() ? "" : ", ") + std::string("SharedAccessKey=…");
  if (missing.empty()) return parsed;
  return invalid_argument("'connection_string' lacks " + missing +
                          ": copy it whole from 'Shared access policies' of the namespace or of "
                          "the event hub");
}

void check_event_hubs_connection(const EventHubsConnection& connection, const Value& block,
                                 std::span<const OwnedProperty> owned, Problems& problems) {
  const Value* text = block.find("connection_string");
  if (text != nullptr && text->is_unresolved()) return;  // already reported
  const Result<ConnectionString> string = parse_connection_string(connection.connection_string);
  const std::string& name = connection.name_space;
  if (!string.ok()) {
    problems.push_back({place_of(block, "connection_string"), string.status().message()});
  } else if (name.empty()) {
    problems.push_back({place_of(block, "namespace"), "'namespace' is empty: '" +
                                                          namespace_of(string->host) +
                                                          "' is that of 'connection_string'"});
  } else if (name.find_first_of(".:/") != std::string::npos) {
    problems.push_back(
        {place_of(block, "namespace"),
         "'namespace' is the first part of the host name alone: '" + namespace_of(name) + "'"});
  } else if (connection.endpoint.empty() && namespace_of(string->host) != name) {
    problems.push_back(
        {place_of(block, "namespace"), "'namespace' is '" + name +
                                           "', but 'connection_string' is of the namespace '" +
                                           namespace_of(string->host) + "': correct one of them"});
  }
  if (const Value* endpoint = block.find("endpoint");
      endpoint != nullptr && !endpoint->is_unresolved() && !connection.endpoint.empty() &&
      !is_broker_address(connection.endpoint)) {
    problems.push_back({endpoint->location(), "'endpoint': '" + connection.endpoint +
                                                  "' is no address; write host:port, without a "
                                                  "scheme"});
  }
  std::vector<OwnedProperty> all_owned(std::begin(kHubProperties), std::end(kHubProperties));
  all_owned.insert(all_owned.end(), owned.begin(), owned.end());
  check_properties(block, all_owned, problems);
}

void check_event_hub_names(const EventHubsConnection& connection,
                           const std::vector<std::string>& names, const Value& block,
                           Problems& problems) {
  const Location& place = place_of(block, "event_hub");
  const Result<ConnectionString> string = parse_connection_string(connection.connection_string);
  if (!string.ok()) return;  // see check_event_hubs_connection()
  const std::string& own = string->entity_path;
  if (names.empty() && own.empty()) {
    problems.push_back({place,
                        "'event_hub' is missing: the name of the event hub; only the connection "
                        "string of a single event hub (with EntityPath) says it"});
    return;
  }
  check_topics(event_hubs_of(connection, names), "event_hub", place, problems);
  for (const std::string& name : names) {
    if (own.empty() || name == own) continue;
    problems.push_back({place, "'event_hub' names '" + name +
                                   "', but 'connection_string' is for the event hub '" + own +
                                   "' alone (EntityPath): take the connection string of a policy "
                                   "of '" +
                                   name + "' or of the namespace, or correct 'event_hub'"});
  }
}

std::vector<std::string> event_hubs_of(const EventHubsConnection& connection,
                                       const std::vector<std::string>& names) {
  if (!names.empty()) return names;
  const Result<ConnectionString> string = parse_connection_string(connection.connection_string);
  if (!string.ok() || string->entity_path.empty()) return {};
  return {string->entity_path};
}

ConnectionOptions kafka_connection(const EventHubsConnection& connection) {
  ConnectionOptions kafka;
  std::string endpoint = connection.endpoint;
  if (endpoint.empty()) {
    const Result<ConnectionString> string = parse_connection_string(connection.connection_string);
    CHECK(string.ok(), "the connection string was checked");
    endpoint = string->host + std::string(kPort);
  }
  kafka.brokers = {endpoint};
  kafka.tls = true;
  kafka.tls_ca = connection.tls_ca;
  kafka.sasl = Sasl::kPlain;
  kafka.user = kUser;
  kafka.password = connection.connection_string;
  for (const auto& [name, value] : kProperties) kafka.properties.emplace_back(name, value);
  // Behind ours, so that they win.
  for (const auto& property : connection.properties) kafka.properties.push_back(property);
  return kafka;
}

Service event_hubs_service() {
  Service service;
  service.name = "event_hubs";
  service.topic = "event hub";
  service.option = "event_hub";
  service.reach =
      "check 'namespace' (or 'endpoint', if it is given), that its firewall lets this machine "
      "reach port 9093, and that its tier "
      "is not Basic, which has no Kafka endpoint; if it is only away for a while, wait";
  service.login =
      "the key of 'connection_string' is not accepted: copy the connection string anew from "
      "'Shared access policies' (the key may have been regenerated, or the policy removed)";
  service.certificate =
      "check 'endpoint', and that this machine has the usual authorities (package "
      "ca-certificates); 'tls_ca' names others";
  service.encryption = "check 'endpoint': the Kafka endpoint speaks TLS, at port 9093";
  service.topic_permission =
      "the shared access policy of 'connection_string' needs the claim Listen on this event hub: "
      "add it to the policy, or take the connection string of another";
  service.group_permission =
      "the shared access policy of 'connection_string' needs the claim Listen to use "
      "'consumer_group'";
  service.unknown_topic = "create it in the namespace, or correct 'event_hub' or 'namespace'";
  return service;
}

stream::SourceType event_hubs_source_type() {
  return {
      .doc = "Events of Azure Event Hubs, each read once, through the service's Kafka endpoint.",
      .options = source_options().infos(),
      .check = make_check<EventHubsSourceOptions>(source_options, check_options),
      .make = [](const stream::SourceArguments& arguments,
                 stream::Environment& environment) -> Result<std::unique_ptr<stream::Source>> {
        ASSIGN_OR_RETURN(const EventHubsSourceOptions options,
                         parse_options(source_options(), arguments.options));
        return make_source(kafka_options(options), event_hubs_service(), arguments, environment);
      },
      .reads =
          [](const Value& value, const stream::Destination& destination) {
            const auto options = parse_options(source_options(), value);
            return options.ok() && parse_connection_string(options->connection_string).ok() &&
                   reads(kafka_options(*options), destination);
          },
      .describe = [](const Value& value) -> std::string {
        const auto options = parse_options(source_options(), value);
        if (!options.ok()) return "";
        return Subscription::of_topics(event_hubs_of(*options, options->event_hub)).to_string();
      }};
}

}  // namespace lakeward::connectors::kafka
