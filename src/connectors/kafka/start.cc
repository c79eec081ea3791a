#include "connectors/kafka/start.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/units.h"

namespace lakeward::connectors::kafka {
namespace {

using config::Problems;
using config::Value;

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
    if (!partition || *partition > INT32_MAX) {
      problems.push_back({entry.key_location, "'start' of '" + topic + "': '" + entry.key +
                                                  "' must be a partition's number, with an offset, "
                                                  "earliest or latest"});
      continue;
    }
    if (!offset) {
      problems.push_back(
          {entry.value.location(),
           "'start' of '" + topic + "': partition " + entry.key +
               " must begin at an offset, earliest or latest" +
               (entry.value.is_scalar() ? ", not '" + entry.value.text() + "'" : "")});
      continue;
    }
    start.offsets[{topic, static_cast<int32_t>(*partition)}] = *offset;
  }
}

}  // namespace

Start parse_start(const Value& value, const Subscription& subscription, Problems& problems) {
  Start start;
  if (value.is_null()) return start;
  if (value.is_scalar()) {
    if (value.text() == "earliest") return start;
    if (value.text() == "latest") {
      start.everywhere = Start::kLatest;
      return start;
    }
    const Result<Timestamp> time = parse_timestamp(value.text());
    if (!time.ok() || time->micros < 0) {
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
    if (subscription.topics().size() == 1) {
      parse_partition_starts(value, subscription.topics().front(), start, problems);
    } else {
      problems.push_back({value.location(),
                          "'start' must say which topic: {topic: {0: 1200}} for each of several"});
    }
    return start;
  }
  for (const Value::Entry& entry : value.map()) {
    if (!subscription.covers(entry.key)) {
      problems.push_back({entry.key_location, "'start' names '" + entry.key +
                                                  "', which is not among the topics to read"});
    } else if (entry.value.is_map()) {
      parse_partition_starts(entry.value, entry.key, start, problems);
    } else {
      problems.push_back({entry.key_location, kStartChoices});
    }
  }
  return start;
}

}  // namespace lakeward::connectors::kafka
