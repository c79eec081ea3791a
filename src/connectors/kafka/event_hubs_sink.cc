#include "connectors/kafka/event_hubs_sink.h"

#include <string>
#include <utility>
#include <vector>

#include "connectors/declared_options.h"
#include "connectors/kafka/event_hubs.h"
#include "connectors/kafka/sink.h"
#include "connectors/kafka/sink_options.h"

namespace lakeward::connectors::kafka {

enum class HubCompression { kNone, kGzip };
std::vector<std::pair<std::string, HubCompression>> option_choices(HubCompression) {
  return {{"none", HubCompression::kNone}, {"gzip", HubCompression::kGzip}};
}

namespace {

using config::default_to;
using config::optional;
using config::Problems;
using config::Value;

constexpr Duration kLinger{20'000};

constexpr OwnedProperty kHubProperties[] = {
    {"transactional.id", "epochs are written without transactions"},
    {"enable.idempotence", "no event may be lost or out of order"},
    {"acks", "an event counts only when the service has it"},
    {"request.required.acks", "an event counts only when the service has it"},
    {"compression.codec", "say it in 'compression'"},
    {"compression.type", "say it in 'compression'"},
    {"linger.ms", "say it in 'linger'"},
    {"queue.buffering.max.ms", "say it in 'linger'"},
    {"delivery.report.only.error", "the sink needs it"},
};

struct EventHubsSinkOptions : EventHubsConnection, RecordOptions {
  std::string event_hub;
  HubCompression compression = HubCompression::kNone;
  Duration linger{};
};

std::vector<std::string> names_of(const EventHubsSinkOptions& options) {
  if (options.event_hub.empty()) return {};
  return {options.event_hub};
}

KafkaSinkOptions kafka_options(const EventHubsSinkOptions& options) {
  KafkaSinkOptions kafka;
  static_cast<ConnectionOptions&>(kafka) = kafka_connection(options);
  static_cast<RecordOptions&>(kafka) = options;
  // Before the user's, so that theirs win.
  kafka.properties.insert(kafka.properties.begin(), {"message.max.bytes", kLargestHubMessage});
  const std::vector<std::string> hubs = event_hubs_of(options, names_of(options));
  if (!hubs.empty()) kafka.topic = hubs.front();
  kafka.delivery = Delivery::kAtLeastOnce;
  kafka.compression =
      options.compression == HubCompression::kGzip ? Compression::kGzip : Compression::kNone;
  kafka.linger = options.linger;
  kafka.transaction_timeout = Duration{60'000'000};  // of no use without transactions
  return kafka;
}

const config::OptionSet<EventHubsSinkOptions>& sink_options() {
  using T = EventHubsSinkOptions;
  static const config::OptionSet<T> options = {
      namespace_option<T>(),
      connection_string_option<T>(),
      {"event_hub", &T::event_hub, optional(),
       "The event hub to write to; default: the EntityPath of 'connection_string'."},
      encode_option<T>(),
      key_option<T>(),
      encode_key_option<T>(),
      headers_option<T>(),
      partition_option<T>(),
      exclude_option<T>(),
      {"compression", &T::compression, default_to(HubCompression::kNone),
       "How batches are compressed; the service knows no other way than gzip."},
      {"linger", &T::linger, default_to(kLinger), "How long events wait for others of a batch."},
      endpoint_option<T>(),
      authorities_option<T>(),
      other_properties_option<T>(),
  };
  return options;
}

void check_options(const EventHubsSinkOptions& options, const Value& block, Problems& problems) {
  const size_t before = problems.size();
  check_event_hubs_connection(options, block, kHubProperties, problems);
  if (!parse_connection_string(options.connection_string).ok() || problems.size() > before) return;
  check_event_hub_names(options, names_of(options), block, problems);
  if (problems.size() > before) return;
  check_record_options(options, block, problems);
  check_linger(options.linger, kDeliveryTimeout, block, problems);
}

void check_rows(const Value& block, const std::vector<engine::TypedColumn>& rows,
                Problems& problems) {
  Problems known;  // of the options themselves
  const EventHubsSinkOptions options = sink_options().parse(block, known);
  check_record_columns(options, options.event_hub, {}, block, rows, problems);
}

}  // namespace

Service event_hubs_writing_service() {
  Service service = event_hubs_service();
  service.write_permission =
      "the shared access policy of 'connection_string' needs the claim Send on this event hub: add "
      "it to the policy, or take the connection string of another";
  service.topic_permission = service.write_permission;
  service.too_large =
      "the service takes 1 MB at most, key and headers included: make the row smaller in the "
      "transform";
  return service;
}

stream::SinkType event_hubs_sink_type() {
  return {
      .doc =
          "Events of an event hub of Azure Event Hubs, at least once: an epoch that is repeated "
          "after a crash is there twice.",
      .options = sink_options().infos(),
      .blocks = {{"encode: avro", avro_encode_options().infos()},
                 {"encode: json", json_encode_options().infos()}},
      .check = make_check<EventHubsSinkOptions>(sink_options, check_options),
      .check_rows = check_rows,
      .make = [](const stream::SinkArguments& arguments,
                 stream::Environment& environment) -> Result<std::unique_ptr<stream::Sink>> {
        ASSIGN_OR_RETURN(const EventHubsSinkOptions options,
                         parse_options(sink_options(), arguments.options));
        return KafkaSink::make(kafka_options(options), event_hubs_writing_service(), arguments,
                               environment);
      },
      .destination = [](const Value& value) -> std::optional<stream::Destination> {
        const auto options = parse_options(sink_options(), value);
        if (!options.ok() || !parse_connection_string(options->connection_string).ok()) {
          return std::nullopt;
        }
        return destination_of(kafka_options(*options), event_hubs_writing_service());
      },
      .describe = [](const Value& value) -> std::string {
        const auto options = parse_options(sink_options(), value);
        if (!options.ok() || !parse_connection_string(options->connection_string).ok()) return "";
        return describe(kafka_options(*options));
      }};
}

}  // namespace lakeward::connectors::kafka
