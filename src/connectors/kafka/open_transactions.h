// Transactions that nobody ends: what is behind them is not readable.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "connectors/kafka/offsets.h"

namespace lakeward::connectors::kafka {

// Knows partitions whose readable end stands still before their end for minutes: the producer has
// died with a long transaction.timeout.ms, or the transaction hangs for ever (KIP-664).
class OpenTransactions {
 public:
  // What is to be said, once for each place. `readable`: where read_committed ends; `written`: the
  // high watermarks.
  std::vector<std::string> observe(const Offsets& readable, const Offsets& written, Timestamp now);

 private:
  struct Wait {
    int64_t at = 0;  // the offset where the transaction begins
    Timestamp since;
    bool told = false;
  };
  std::map<TopicPartition, Wait> waits_;
};

}  // namespace lakeward::connectors::kafka
