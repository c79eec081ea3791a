// Partitions that end before what was read of them.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "connectors/kafka/client.h"
#include "connectors/kafka/offsets.h"

namespace lakeward::connectors::kafka {

// The end that a broker gives may be an old one: of a leader that is none any more, or of one that
// has just become it (before KIP-207). So it counts only if it stays. Thread-safe.
class LogEnds {
 public:
  explicit LogEnds(Clock& clock) : clock_(clock) {}

  // `reader` is at `offset`, for messages: "the checkpoint of 'p'". Errors: Unavailable if the
  // partition ends before it, for the client to be asked again, which is told to look for the
  // leader anew; Corruption if it has done so for half a minute, which ends with `next_step`.
  Status check(const TopicPartition& partition, int64_t offset, int64_t end,
               const std::string& reader, const std::string& next_step, Client& client);

  // It is another partition from now on.
  void forget(const TopicPartition& partition) {
    const std::lock_guard lock(mutex_);
    short_.erase(partition);
  }

 private:
  struct Short {
    int64_t offset = 0;
    Timestamp since;
  };

  Clock& clock_;
  std::mutex mutex_;  // guards short_
  std::map<TopicPartition, Short> short_;
};

}  // namespace lakeward::connectors::kafka
