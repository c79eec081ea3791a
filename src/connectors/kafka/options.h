// What a `from: kafka:` block may say.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/options.h"
#include "connectors/kafka/connection.h"
#include "connectors/kafka/start.h"
#include "connectors/kafka/subscription.h"

namespace lakeward::connectors::kafka {

enum class OnLostOffsets { kFail, kEarliest, kLatest };
enum class Isolation { kReadCommitted, kReadUncommitted };
// Their words in a project's files (config/options.h).
std::vector<std::pair<std::string, OnLostOffsets>> option_choices(OnLostOffsets);
std::vector<std::pair<std::string, Isolation>> option_choices(Isolation);

struct KafkaSourceOptions : ConnectionOptions {
  std::vector<std::string> topic;
  std::string topic_pattern;  // instead of `topic`
  config::Value start;        // see parse_start()
  OnLostOffsets on_lost_offsets = OnLostOffsets::kFail;
  Isolation isolation = Isolation::kReadCommitted;
  std::string group_id;
};

const config::OptionSet<KafkaSourceOptions>& kafka_source_options();
void check_source_options(const KafkaSourceOptions& options, const config::Value& value,
                          config::Problems& problems);
// The names of `option`, which stands at `place`.
void check_topics(const std::vector<std::string>& topics, std::string_view option,
                  const config::Location& place, config::Problems& problems);
// Properties that a reader decides.
std::span<const OwnedProperty> reading_properties();
// Errors: InvalidArgument if the pattern is none.
Result<Subscription> subscription_of(const KafkaSourceOptions& options);

}  // namespace lakeward::connectors::kafka
