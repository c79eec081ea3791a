// The OffsetForLeaderEpoch request of the Kafka protocol, version 2: where the records end that a
// partition's leaders wrote up to an epoch. Brokers since 2.1 understand it, and it is the oldest
// that brokers since 4.0 do.
// Kafka protocol guide, "OffsetForLeaderEpoch API (Key: 23)"; KIP-320.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "connectors/kafka/offsets.h"

namespace lakeward::connectors::kafka::fetch {

inline constexpr int16_t kEpochApi = 23;
inline constexpr int16_t kEpochVersion = 2;

struct EpochQuestion {
  TopicPartition partition;
  int32_t epoch = 0;
};

// With its size in front, ready to be sent.
std::string epoch_request(int32_t correlation, std::string_view client_id,
                          const std::vector<EpochQuestion>& questions);

struct EpochEnd {
  TopicPartition partition;
  int16_t error = 0;  // numbered as librdkafka's
  // Where the first record of a later epoch is, or would be. Negative: the broker knows neither the
  // epoch nor a later one.
  int64_t offset = -1;
};

// `answer` is without its size. Errors: Unavailable if it is not the answer to `correlation`.
Result<std::vector<EpochEnd>> parse_epoch_response(std::string_view answer, int32_t correlation);

}  // namespace lakeward::connectors::kafka::fetch
