#include "connectors/kafka/partition_state.h"

#include <algorithm>

#include "base/units.h"

namespace lakeward::connectors::kafka {
namespace {

std::string brokers_text(const std::vector<int32_t>& brokers) {
  std::string text = brokers.size() == 1 ? "broker " : "brokers ";
  for (size_t i = 0; i < brokers.size(); ++i) {
    if (i > 0) text += i + 1 == brokers.size() ? " and " : ", ";
    text += std::to_string(brokers[i]);
  }
  return text;
}

// " and N other partitions".
std::string others_text(size_t count) {
  return count == 0 ? "" : " and " + format_count(count, "other partition");
}

}  // namespace

std::string describe_trouble(const std::string& topic,
                             const std::vector<PartitionState>& partitions,
                             std::optional<size_t> least_in_sync) {
  const PartitionState* without_leader = nullptr;
  const PartitionState* behind = nullptr;
  size_t without = 0;
  size_t too_few = 0;
  for (const PartitionState& partition : partitions) {
    // Kafka 3.7 and later want no more than there are (KAFKA-15583).
    const size_t all = partition.replicas.size();
    const size_t least = std::min(least_in_sync.value_or(all), all);
    if (partition.leader < 0) {
      if (without++ == 0) without_leader = &partition;
    } else if (partition.in_sync.size() < least) {
      if (too_few++ == 0) behind = &partition;
    }
  }
  if (without_leader != nullptr) {
    return "partition " + std::to_string(without_leader->number) + others_text(without - 1) +
           " of '" + topic + "' " + (without == 1 ? "has" : "have") + " no leader: of " +
           brokers_text(without_leader->replicas) +
           ", none that has all records is there; if brokers are down, start them";
  }
  if (behind == nullptr) return "";
  return "of " + brokers_text(behind->replicas) + " that hold partition " +
         std::to_string(behind->number) + others_text(too_few - 1) + " of '" + topic + "', only " +
         std::to_string(behind->in_sync.size()) + (behind->in_sync.size() == 1 ? " is" : " are") +
         " in sync" +
         (least_in_sync > 1 ? ", and min.insync.replicas is " + std::to_string(*least_in_sync)
                            : "") +
         "; if brokers are down, start them";
}

}  // namespace lakeward::connectors::kafka
