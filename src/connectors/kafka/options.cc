#include "connectors/kafka/options.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/units.h"

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

void check_topics(const KafkaSourceOptions& options, const Value& block, Problems& problems) {
  const Location& place = place_of(block, "topic");
  if (options.topic.empty()) problems.push_back({place, "'topic' names no topic"});
  for (const std::string& topic : options.topic) {
    if (topic.starts_with('^') || topic.find('*') != std::string::npos) {
      problems.push_back({place, "'topic': a pattern ('" + topic +
                                     "') is not supported yet; name the topics, as one or a list"});
    } else if (const std::string refusal = refuse_topic_name(topic); !refusal.empty()) {
      problems.push_back({place, "'topic': " + refusal});
    } else if (std::count(options.topic.begin(), options.topic.end(), topic) > 1) {
      problems.push_back({place, "'topic' names '" + topic + "' twice"});
      return;
    }
  }
}

constexpr const char* kStartChoices =
    "'start' must be earliest, latest, a time such as 2026-01-01T00:00:00Z, or offsets by "
    "partition, such as {0: 1200, 1: latest}";

std::optional<int64_t> parse_whole_number(const std::string& text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

void parse_partition_starts(const Value& map, const std::string& topic, Start& start,
                            Problems& problems) {
  for (const Value::Entry& entry : map.map()) {
    const std::optional<int64_t> partition = parse_whole_number(entry.key);
    std::optional<int64_t> offset;
    if (entry.value.is_scalar()) {
      const std::string& text = entry.value.text();
      offset = parse_whole_number(text);
      if (text == "earliest") offset = Start::kEarliest;
      if (text == "latest") offset = Start::kLatest;
    }
    if (!partition || *partition > INT32_MAX || !offset) {
      problems.push_back({entry.key_location, "'start' of '" + topic + "': '" + entry.key +
                                                  "' must be a partition's number, with an offset, "
                                                  "earliest or latest"});
      continue;
    }
    start.offsets[{topic, static_cast<int32_t>(*partition)}] = *offset;
  }
}

}  // namespace

const config::OptionSet<KafkaSourceOptions>& kafka_source_options() {
  using T = KafkaSourceOptions;
  static const config::OptionSet<T> options = {
      brokers_option<T>(),
      {"topic", &T::topic, required(), "The topic to read, or a list of topics."},
      {"start", &T::start, optional(),
       "Where a pipeline without a checkpoint begins: earliest (the default), latest, a time, or "
       "offsets by partition."},
      {"on_lost_offsets", &T::on_lost_offsets, default_to(OnLostOffsets::kFail),
       "What to do when the brokers have deleted records before they were read: stop, or go on "
       "from the earliest or the latest record and count them as lost."},
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
      properties_option<T>(),
  };
  return options;
}

void check_source_options(const KafkaSourceOptions& options, const Value& value,
                          Problems& problems) {
  check_connection(options, value, kReadingProperties, problems);
  check_topics(options, value, problems);
  parse_start(options.start, options.topic, problems);
}

Start parse_start(const Value& value, const std::vector<std::string>& topics, Problems& problems) {
  Start start;
  if (value.is_null()) return start;
  if (value.is_scalar()) {
    if (value.text() == "earliest") return start;
    if (value.text() == "latest") {
      start.everywhere = Start::kLatest;
      return start;
    }
    const Result<Timestamp> time = parse_timestamp(value.text());
    if (!time.ok()) {
      problems.push_back({value.location(), kStartChoices});
      return start;
    }
    start.is_time = true;
    start.everywhere = time->millis();
    return start;
  }
  if (!value.is_map()) {
    problems.push_back({value.location(), kStartChoices});
    return start;
  }
  const bool by_topic = std::any_of(value.map().begin(), value.map().end(),
                                    [](const Value::Entry& entry) { return entry.value.is_map(); });
  if (!by_topic) {
    if (topics.size() == 1) {
      parse_partition_starts(value, topics.front(), start, problems);
    } else {
      problems.push_back({value.location(),
                          "'start' must say which topic: {topic: {0: 1200}} for each of several"});
    }
    return start;
  }
  for (const Value::Entry& entry : value.map()) {
    if (std::find(topics.begin(), topics.end(), entry.key) == topics.end()) {
      problems.push_back(
          {entry.key_location, "'start' names '" + entry.key + "', which 'topic' does not name"});
    } else if (entry.value.is_map()) {
      parse_partition_starts(entry.value, entry.key, start, problems);
    } else {
      problems.push_back({entry.key_location, kStartChoices});
    }
  }
  return start;
}

}  // namespace lakeward::connectors::kafka
