#include "connectors/kafka/offsets.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <numeric>

namespace lakeward::connectors::kafka {
namespace {

constexpr std::string_view kInitialPrefix("\0v1\n", 4);

Status not_an_offset(std::string_view text) {
  return corruption("the checkpoint's offset '" + std::string(text.substr(0, 200)) +
                    "' is not a Kafka source's; the checkpoint belongs to another source: put "
                    "that back, or remove the checkpoint to begin anew");
}

// A partition's number, or -1.
int32_t parse_partition(const std::string& text) {
  int32_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : -1;
}

}  // namespace

std::string TopicPartition::to_string() const {
  return "partition " + std::to_string(partition) + " of '" + topic + "'";
}

std::string format_offsets(const Offsets& offsets) {
  // Names of topics hold only letters, digits, '.', '_' and '-': nothing to escape.
  std::string text = "{";
  const std::string* topic = nullptr;
  for (const auto& [where, offset] : offsets) {
    if (topic == nullptr || *topic != where.topic) {
      text += (topic == nullptr ? "\"" : "},\"") + where.topic + "\":{";
      topic = &where.topic;
    } else {
      text += ',';
    }
    text += '"' + std::to_string(where.partition) + "\":" + std::to_string(offset);
  }
  text += topic == nullptr ? "}" : "}}";
  return text;
}

Result<Offsets> parse_offsets(std::string_view text) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return not_an_offset(text);
  Offsets offsets;
  for (const auto& [topic, partitions] : json.items()) {
    if (!partitions.is_object()) return not_an_offset(text);
    for (const auto& [name, offset] : partitions.items()) {
      const int32_t partition = parse_partition(name);
      if (partition < 0 || !offset.is_number_integer() || offset.get<int64_t>() < 0) {
        return not_an_offset(text);
      }
      offsets[{topic, partition}] = offset.get<int64_t>();
    }
  }
  return offsets;
}

std::string format_initial_offsets(const Offsets& offsets) {
  return std::string(kInitialPrefix) + format_offsets(offsets);
}

Result<Offsets> parse_initial_offsets(std::string_view bytes) {
  if (!bytes.starts_with(kInitialPrefix)) return not_an_offset(bytes);
  return parse_offsets(bytes.substr(kInitialPrefix.size()));
}

std::vector<uint64_t> share_fairly(const std::vector<uint64_t>& available, uint64_t limit) {
  std::vector<size_t> order(available.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return available[a] < available[b]; });
  // Smallest first: what it leaves of an equal share is there for those that follow.
  std::vector<uint64_t> shares(available.size());
  for (size_t i = 0; i < order.size(); ++i) {
    const uint64_t waiting = order.size() - i;
    const uint64_t equal = limit / waiting + (limit % waiting > 0 ? 1 : 0);
    shares[order[i]] = std::min(available[order[i]], equal);
    limit -= shares[order[i]];
  }
  return shares;
}

}  // namespace lakeward::connectors::kafka
