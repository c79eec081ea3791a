#include "connectors/kafka/options.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace lakeward::connectors::kafka {

using config::default_to;
using config::Location;
using config::optional;
using config::Problems;
using config::required;
using config::Value;

std::vector<std::pair<std::string, OnLostOffsets>> option_choices(OnLostOffsets) {
  return {{"fail", OnLostOffsets::kFail},
          {"earliest", OnLostOffsets::kEarliest},
          {"latest", OnLostOffsets::kLatest}};
}

std::vector<std::pair<std::string, Isolation>> option_choices(Isolation) {
  return {{"read_committed", Isolation::kReadCommitted},
          {"read_uncommitted", Isolation::kReadUncommitted}};
}

namespace {

constexpr OwnedProperty kReadingProperties[] = {
    {"group.id", "say it in 'group_id'"},
    {"isolation.level", "say it in 'isolation'"},
    {"auto.offset.reset", "say it in 'start' and 'on_lost_offsets'"},
    {"enable.auto.commit", "the pipeline's checkpoint remembers the offsets"},
    {"enable.auto.offset.store", "the pipeline's checkpoint remembers the offsets"},
    {"enable.partition.eof", "the reader needs it"},
};

}  // namespace

void check_topics(const std::vector<std::string>& topics, std::string_view option,
                  const Location& place, Problems& problems) {
  const std::string begin = "'" + std::string(option) + "'";
  if (topics.empty()) problems.push_back({place, begin + " names no topic"});
  for (const std::string& topic : topics) {
    if (const std::string refusal = refuse_topic_name(topic); !refusal.empty()) {
      const bool pattern = topic.find_first_of("^*$[(|+\\") != std::string::npos;
      problems.push_back(
          {place,
           begin + ": " + refusal +
               (pattern && option == "topic" ? "; a pattern goes into 'topic_pattern'" : "")});
    } else if (std::count(topics.begin(), topics.end(), topic) > 1) {
      problems.push_back({place, begin + " names '" + topic + "' twice"});
      return;
    }
  }
}

std::span<const OwnedProperty> reading_properties() { return kReadingProperties; }

const config::OptionSet<KafkaSourceOptions>& kafka_source_options() {
  using T = KafkaSourceOptions;
  static const config::OptionSet<T> options = {
      brokers_option<T>(),
      {"topic", &T::topic, optional(), "The topic to read, or a list of topics."},
      {"topic_pattern", &T::topic_pattern, optional(),
       "In place of 'topic', a regular expression: all topics whose whole name matches it are "
       "read, those that are made later, too."},
      {"start", &T::start, optional(),
       "Where a pipeline without a checkpoint begins: earliest (the default), latest, a time, or "
       "offsets by partition."},
      {"on_lost_offsets", &T::on_lost_offsets, default_to(OnLostOffsets::kFail),
       "What to do when the brokers have deleted records before they were read: stop, or go on "
       "from the earliest or the latest record and count them as lost. The same of a "
       "topic that is gone."},
      {"isolation", &T::isolation, default_to(Isolation::kReadCommitted),
       "Whether records of transactions that are open or were aborted are read, too."},
      {"group_id", &T::group_id, optional(),
       "A consumer group to which the offsets are committed after each epoch, for tools that "
       "watch the lag. Nothing is read from it."},
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

void check_source_options(const KafkaSourceOptions& options, const Value& value,
                          Problems& problems) {
  check_connection(options, value, kReadingProperties, problems);
  if (options.topic_pattern.empty()) {
    if (value.find("topic") == nullptr) {
      problems.push_back({value.location(),
                          "'topic' is missing: the topic to read, a list of "
                          "topics, or 'topic_pattern' in its place"});
      return;
    }
    check_topics(options.topic, "topic", place_of(value, "topic"), problems);
  } else if (!options.topic.empty()) {
    problems.push_back({place_of(value, "topic_pattern"),
                        "'topic' and 'topic_pattern' exclude each other: give one"});
  }
  const Result<Subscription> subscription = subscription_of(options);
  if (!subscription.ok()) {
    problems.push_back(
        {place_of(value, "topic_pattern"), "'topic_pattern': " + subscription.status().message()});
    return;
  }
  parse_start(options.start, *subscription, problems);
}

Result<Subscription> subscription_of(const KafkaSourceOptions& options) {
  if (options.topic_pattern.empty()) return Subscription::of_topics(options.topic);
  return Subscription::of_pattern(options.topic_pattern);
}

}  // namespace lakeward::connectors::kafka
