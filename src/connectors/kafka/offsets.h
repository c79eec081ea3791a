// Places in topics: an offset for each partition, as Apache Spark writes them.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lakeward::connectors::kafka {

struct TopicPartition {
  std::string topic;
  int32_t partition = 0;
  auto operator<=>(const TopicPartition&) const = default;

  // "partition 2 of 'sensor_data'", for messages.
  std::string to_string() const;
};

// For each partition the next offset to read; in the order of topics and then of numbers.
using Offsets = std::map<TopicPartition, int64_t>;

// {"sensor_data":{"0":86,"1":74,"10":90}}
std::string format_offsets(const Offsets& offsets);
// Errors: Corruption if this is not a Kafka source's offset.
Result<Offsets> parse_offsets(std::string_view text);

// The file sources/N/0, where a query began: a byte 00, the version line, the offsets
// (docs/checkpoint.md).
std::string format_initial_offsets(const Offsets& offsets);
// Errors: Corruption.
Result<Offsets> parse_initial_offsets(std::string_view bytes);

// Shares `limit` records among partitions of which each has `available`: all get the same, and what
// one does not need goes to the others. The sum is the limit, or all there is.
std::vector<uint64_t> share_fairly(const std::vector<uint64_t>& available, uint64_t limit);

}  // namespace lakeward::connectors::kafka
