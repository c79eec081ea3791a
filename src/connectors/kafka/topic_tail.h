// The end of a topic, as it grows. Knows nothing of librdkafka, so that commands may include it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "connectors/kafka/cluster.h"

namespace lakeward::connectors::kafka {

struct TailRecord {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
  Timestamp timestamp;
  // Bytes that are not UTF-8 are escaped as in `_raw`.
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::string headers;  // JSON
};

struct TailOptions {
  uint64_t last = 0;  // begin with so many of the newest records that are there
  bool follow = true;
  std::optional<uint64_t> count;  // end after so many
  // Told, once each time, of brokers that have gone away while the topic is followed; they are
  // waited for.
  std::function<void(const std::string&)> say = [](const std::string&) {};
};

// Calls `show` for each record: first the last ones, oldest first by timestamp, then what arrives,
// until `stop` (then it returns OK). Errors: NotFound for an unknown topic, Unavailable if the
// brokers are away at the beginning, InvalidArgument for what they refuse; and what `show` returns.
Status tail_topic(const Cluster& cluster, const std::string& topic, const TailOptions& options,
                  const std::function<Status(const TailRecord&)>& show, std::stop_token stop);

}  // namespace lakeward::connectors::kafka
