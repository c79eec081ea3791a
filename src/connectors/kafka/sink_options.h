// What a `to: kafka:` block may say.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "config/options.h"
#include "connectors/kafka/connection.h"
#include "connectors/kafka/record_options.h"
#include "connectors/kafka/topic.h"
#include "engine/column_type.h"

namespace lakeward::connectors::kafka {

enum class Delivery { kExactlyOnce, kAtLeastOnce };
std::vector<std::pair<std::string, Delivery>> option_choices(Delivery);
enum class Compression { kNone, kGzip, kSnappy, kLz4, kZstd };
std::vector<std::pair<std::string, Compression>> option_choices(Compression);

struct KafkaSinkOptions : ConnectionOptions, RecordOptions {
  std::string topic;
  std::string timestamp;
  Delivery delivery = Delivery::kExactlyOnce;
  std::string transactional_id;
  Duration transaction_timeout{};
  Compression compression = Compression::kLz4;
  Duration linger{};
  config::Value create_topic;  // see parse_create_topic()
};

const config::OptionSet<KafkaSinkOptions>& kafka_sink_options();
void check_sink_options(const KafkaSinkOptions& options, const config::Value& value,
                        config::Problems& problems);

// librdkafka's `message.timeout.ms`, of a producer without transactions.
inline constexpr Duration kDeliveryTimeout{300'000'000};
// `linger` must be shorter than `timeout`, after which a record is given up.
void check_linger(Duration linger, Duration timeout, const config::Value& block,
                  config::Problems& problems);

// stream::SinkType::check_rows.
void check_sink_rows(const config::Value& value, const std::vector<engine::TypedColumn>& rows,
                     config::Problems& problems);

// true | {partitions: 3, replication: 1, config: {retention.ms: 604800000}}; nullopt if the topic
// is not to be made.
std::optional<NewTopic> parse_create_topic(const config::Value& value, config::Problems& problems);

// What a producer of ours has unless `properties` says otherwise.
void set_writing_defaults(config::StringMap& properties);

// librdkafka's properties of a producer, in a process that may use so much memory. Holds secrets:
// never show it.
config::StringMap writing_properties(const KafkaSinkOptions& options,
                                     const std::filesystem::path& project_root,
                                     uint64_t memory_bytes);

}  // namespace lakeward::connectors::kafka
