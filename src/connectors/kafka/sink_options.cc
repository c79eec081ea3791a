#include "connectors/kafka/sink_options.h"

#include <algorithm>
#include <string>
#include <tuple>

#include "base/units.h"

namespace lakeward::connectors::kafka {

using config::default_to;
using config::optional;
using config::Problems;
using config::required;
using config::Value;

std::vector<std::pair<std::string, Delivery>> option_choices(Delivery) {
  return {{"exactly_once", Delivery::kExactlyOnce}, {"at_least_once", Delivery::kAtLeastOnce}};
}

std::vector<std::pair<std::string, Compression>> option_choices(Compression) {
  return {{"none", Compression::kNone},
          {"gzip", Compression::kGzip},
          {"snappy", Compression::kSnappy},
          {"lz4", Compression::kLz4},
          {"zstd", Compression::kZstd}};
}

namespace {

constexpr Duration kTransactionTimeout{300'000'000};
constexpr Duration kLinger{20'000};
// What waits in the producer to be sent; librdkafka's own limit is 1 GiB.
constexpr uint64_t kQueued = 64 << 20;
constexpr uint64_t kLeastQueued = 32 << 20;  // a record must have room in it
constexpr const char* kQueuedMessages = "200000";
// The topic's limit is the one that counts; librdkafka's own would refuse the record before it is
// compressed.
constexpr const char* kLargestMessage = "67108864";

constexpr OwnedProperty kWritingProperties[] = {
    {"transactional.id", "say it in 'transactional_id'"},
    {"transaction.timeout.ms", "say it in 'transaction_timeout'"},
    {"enable.idempotence", "no record may come twice or out of order"},
    {"acks", "a record counts only when all in-sync replicas have it"},
    {"request.required.acks", "a record counts only when all in-sync replicas have it"},
    {"compression.codec", "say it in 'compression'"},
    {"compression.type", "say it in 'compression'"},
    {"linger.ms", "say it in 'linger'"},
    {"queue.buffering.max.ms", "say it in 'linger'"},
    {"delivery.report.only.error", "the sink needs it"},
    {"group.id", "'transactional_id' names the group"},
};

const config::OptionSet<NewTopic>& new_topic_options() {
  static const config::OptionSet<NewTopic> options = {
      {"partitions", &NewTopic::partitions, optional(), "How many partitions."},
      {"replication", &NewTopic::replication, optional(), "How many replicas of each."},
      {"config", &NewTopic::config, optional(), "Settings of the topic."},
  };
  return options;
}

}  // namespace

const config::OptionSet<KafkaSinkOptions>& kafka_sink_options() {
  using T = KafkaSinkOptions;
  static const config::OptionSet<T> options = {
      brokers_option<T>(),
      {"topic", &T::topic, required(), "The topic to write to."},
      encode_option<T>(),
      key_option<T>(),
      encode_key_option<T>(),
      headers_option<T>(),
      partition_option<T>(),
      {"timestamp", &T::timestamp, optional(),
       "The column with the record's time, or with the milliseconds since 1970; default, and for "
       "NULL: when it is sent. 1970 itself is sent as its first millisecond."},
      exclude_option<T>(),
      {"delivery", &T::delivery, default_to(Delivery::kExactlyOnce),
       "exactly_once: each epoch is one transaction, so readers with isolation read_committed see "
       "each row once. at_least_once: without transactions; after a crash an epoch may be there "
       "twice."},
      {"transactional_id", &T::transactional_id, optional(),
       "The name under which the epochs are committed, as transactional id and as consumer group; "
       "default: lakeward.PIPELINE.TOPIC. Only one process can write under it."},
      {"transaction_timeout", &T::transaction_timeout, default_to(kTransactionTimeout),
       "After this the brokers give up an epoch that is not committed; so long may readers have to "
       "wait after a crash, if the pipeline is not started again. The brokers' "
       "transaction.max.timeout.ms (15m by default) is the most."},
      {"compression", &T::compression, default_to(Compression::kLz4),
       "How batches are compressed. lz4 costs writers and readers least; zstd is smaller."},
      {"linger", &T::linger, default_to(kLinger), "How long records wait for others of a batch."},
      {"create_topic", &T::create_topic, optional(),
       "Makes a topic that does not exist: true, or {partitions: 3, replication: 1, config: "
       "{retention.ms: 604800000}}, where what is left out is the brokers' default. Otherwise an "
       "unknown topic is an error."},
      tls_option<T>(),
      tls_ca_option<T>(),
      tls_certificate_option<T>(),
      tls_key_option<T>(),
      tls_key_password_option<T>(),
      tls_verify_option<T>(),
      sasl_option<T>(),
      user_option<T>(),
      password_option<T>(),
      token_url_option<T>(),
      client_id_option<T>(),
      client_secret_option<T>(),
      scope_option<T>(),
      sasl_extensions_option<T>(),
      properties_option<T>(),
  };
  return options;
}

void check_linger(Duration linger, Duration timeout, const Value& block, Problems& problems) {
  if (linger >= Duration{0} && linger < timeout) return;
  problems.push_back({place_of(block, "linger"), "'linger' must be between 0s and less than " +
                                                     format_duration(timeout) +
                                                     ", after which a record is given up"});
}

void check_sink_options(const KafkaSinkOptions& options, const Value& value, Problems& problems) {
  check_connection(options, value, kWritingProperties, problems);
  if (const std::string refusal = refuse_topic_name(options.topic); !refusal.empty()) {
    problems.push_back({place_of(value, "topic"), "'topic': " + refusal});
  }
  check_record_options(options, value, problems);
  parse_create_topic(options.create_topic, problems);
  const bool transactions = options.delivery == Delivery::kExactlyOnce;
  for (const char* key : {"transactional_id", "transaction_timeout"}) {
    if (transactions || value.find(key) == nullptr) continue;
    problems.push_back({place_of(value, key), "'" + std::string(key) +
                                                  "' is of no use with 'delivery: "
                                                  "at_least_once', which has no transactions"});
  }
  if (options.transaction_timeout < Duration{1'000'000}) {
    problems.push_back(
        {place_of(value, "transaction_timeout"), "'transaction_timeout' must be at least 1s"});
  } else {
    check_linger(options.linger, transactions ? options.transaction_timeout : kDeliveryTimeout,
                 value, problems);
  }
}

void check_sink_rows(const Value& value, const std::vector<engine::TypedColumn>& rows,
                     Problems& problems) {
  Problems known;  // of the options themselves
  const KafkaSinkOptions options = kafka_sink_options().parse(value, known);
  check_record_columns(options, options.topic, {{"timestamp", options.timestamp}}, value, rows,
                       problems);
}

std::optional<NewTopic> parse_create_topic(const Value& value, Problems& problems) {
  if (value.is_null() || value.is_unresolved()) return std::nullopt;
  if (!value.is_map()) {
    bool wanted = false;
    if (config::convert(value, wanted)) {
      problems.push_back({value.location(),
                          "'create_topic' must be true, false, or a map such as {partitions: 3}"});
    }
    return wanted ? std::optional(NewTopic()) : std::nullopt;
  }
  NewTopic topic = new_topic_options().parse(value, problems);
  for (const auto& [key, number, most] :
       {std::tuple("partitions", topic.partitions, int64_t{100'000}),
        std::tuple("replication", topic.replication, int64_t{32'767})}) {
    if (value.find(key) == nullptr || (number >= 1 && number <= most)) continue;
    problems.push_back({place_of(value, key), "'" + std::string(key) +
                                                  "' must be a whole number, at least 1 and at "
                                                  "most " +
                                                  std::to_string(most)});
  }
  return topic;
}

void set_writing_defaults(config::StringMap& properties) {
  set_default(properties, "compression.type", "lz4");
  set_default(properties, "linger.ms", "20");
  set_default(properties, "queue.buffering.max.kbytes", std::to_string(kQueued >> 10));
  set_default(properties, "queue.buffering.max.messages", kQueuedMessages);
  set_default(properties, "message.max.bytes", kLargestMessage);
  // The partition of a key that Kafka's own clients choose: topics that are joined by key fit.
  set_default(properties, "partitioner", "murmur2_random");
}

config::StringMap writing_properties(const KafkaSinkOptions& options,
                                     const std::filesystem::path& project_root,
                                     uint64_t memory_bytes) {
  config::StringMap properties = connection_properties(options, project_root);
  const uint64_t queued = std::clamp<uint64_t>(memory_bytes / 8, kLeastQueued, kQueued);
  set_default(properties, "queue.buffering.max.kbytes", std::to_string(queued >> 10));
  for (const auto& [name, choice] : option_choices(Compression())) {
    if (choice == options.compression) properties.emplace_back("compression.type", name);
  }
  properties.emplace_back("linger.ms",
                          std::to_string(static_cast<double>(options.linger.count()) / 1e3));
  set_writing_defaults(properties);
  return properties;
}

}  // namespace lakeward::connectors::kafka
