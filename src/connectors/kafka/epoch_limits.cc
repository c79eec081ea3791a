#include "connectors/kafka/epoch_limits.h"

#include <algorithm>

#include "connectors/kafka/consumer.h"

namespace lakeward::connectors::kafka {
namespace {

// Of an epoch of a pipeline without `limits`: a backlog is read in many, each of which is a second
// or so, and can be stopped, repeated and held by a transaction. Larger ones are not faster.
constexpr stream::Limits kDefaultLimits{.rows = 1'000'000, .bytes = 256 << 20};
// What a record is taken to be before any was read: what brokers take by default (message.max.bytes
// is 1,048,588). The epoch after it knows better.
constexpr uint64_t kLargeRecordBytes = 1 << 20;
// Of an epoch, and of what is fetched ahead, however little memory there is.
constexpr uint64_t kLeastBytes = 8 << 20;

}  // namespace

uint64_t rows_of_epoch(const stream::Limits& limits, uint64_t memory_bytes,
                       std::optional<uint64_t> record_bytes) {
  stream::Limits kept = limits;
  if (limits.rows == 0 && limits.bytes == 0) {
    kept = kDefaultLimits;
    kept.bytes = std::clamp<uint64_t>(memory_bytes / 4, kLeastBytes, kept.bytes);
  }
  const uint64_t rows = kept.rows > 0 ? kept.rows : UINT64_MAX;
  if (kept.bytes == 0) return rows;
  const uint64_t each = record_bytes.value_or(kLargeRecordBytes);
  return std::min(rows, std::max<uint64_t>(1, kept.bytes / each));
}

size_t bytes_ahead(uint64_t memory_bytes) {
  return std::clamp<size_t>(memory_bytes / 8, kLeastBytes, kAheadBytes);
}

}  // namespace lakeward::connectors::kafka
