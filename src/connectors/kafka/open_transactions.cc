#include "connectors/kafka/open_transactions.h"

#include <chrono>

#include "base/units.h"

namespace lakeward::connectors::kafka {
namespace {

// Longer than the transactions of most producers may last (transaction.timeout.ms: a minute).
constexpr Duration kLong = std::chrono::minutes(2);

}  // namespace

std::vector<std::string> OpenTransactions::observe(const Offsets& readable, const Offsets& written,
                                                   Timestamp now) {
  std::vector<std::string> said;
  for (const auto& [partition, at] : readable) {
    const int64_t behind = written.at(partition) - at;
    if (behind <= 0) {
      waits_.erase(partition);
      continue;
    }
    Wait& wait = waits_.emplace(partition, Wait{at, now}).first->second;
    if (wait.at != at) wait = {at, now};
    if (wait.told || now - wait.since < kLong) continue;
    wait.told = true;
    said.push_back(
        format_count(static_cast<uint64_t>(behind), "record") + " of " + partition.to_string() +
        " cannot be read yet: a transaction is open since offset " +
        format_count(static_cast<uint64_t>(at)) + ", for more than " + format_duration(kLong) +
        "; `kafka-transactions.sh find-hanging` tells whose it is");
  }
  return said;
}

}  // namespace lakeward::connectors::kafka
