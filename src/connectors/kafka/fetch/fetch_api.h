// The Fetch request of the Kafka protocol, in two versions: 4, the oldest that has isolation
// levels, which every broker since 0.11 understands and Azure Event Hubs too; and 13, since Kafka
// 3.1, which names topics by their ids, so that nothing of another topic of the same name can come.
// Kafka protocol guide, "Fetch API (Key: 1)".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "connectors/kafka/fetch/topic_id.h"
#include "connectors/kafka/offsets.h"

namespace lakeward::connectors::kafka::fetch {

inline constexpr int16_t kFetchApi = 1;
inline constexpr int16_t kFetchVersion = 4;
inline constexpr int16_t kFetchByIdVersion = 13;

struct FetchOptions {
  bool read_committed = true;
  int32_t wait_ms = 500;  // how long the broker may wait for the first byte
  // Of the whole answer, and of a partition; one batch may be larger. A little less than the powers
  // of two that memory for answers comes in.
  int32_t bytes = (8 << 20) - (64 << 10);
  int32_t partition_bytes = (2 << 20) - (64 << 10);
};

struct FetchPosition {
  TopicPartition partition;
  int64_t offset = 0;
};

// With its size in front, ready to be sent. By version 4; or by version 13 with `ids`, which has
// all of the topics.
std::string fetch_request(int32_t correlation, std::string_view client_id,
                          const std::vector<FetchPosition>& positions, const FetchOptions& options,
                          const TopicIds* ids = nullptr);

struct AbortedTransaction {
  int64_t producer = 0;
  int64_t first_offset = 0;
};

// Views into the answer.
struct FetchedPartition {
  TopicPartition partition;
  int16_t error = 0;  // numbered as librdkafka's
  std::vector<AbortedTransaction> aborted;
  bool has_preferred_replica = false;  // the broker names another one to read from
  std::string_view records;            // batches one after another; the last may be cut off
};

// `answer` is without its size, to a request with the same `ids`; what is of none of them is left
// out. Errors: Unavailable if it is not the answer to `correlation`, or refuses the whole request.
Result<std::vector<FetchedPartition>> parse_fetch_response(std::string_view answer,
                                                           int32_t correlation,
                                                           const TopicIds* ids = nullptr);

}  // namespace lakeward::connectors::kafka::fetch
