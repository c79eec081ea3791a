// Who holds a partition, as the cluster knows it now.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lakeward::connectors::kafka {

struct PartitionState {
  int32_t number = 0;
  int32_t leader = -1;  // -1: there is none now
  std::vector<int32_t> replicas;
  std::vector<int32_t> in_sync;
};

// Why some of the partitions of `topic` cannot be used as they should, for people: they have no
// leader, or fewer than `least_in_sync` replicas that have all records (nullopt: not all of them
// have). "" if there is nothing of the kind.
std::string describe_trouble(const std::string& topic,
                             const std::vector<PartitionState>& partitions,
                             std::optional<size_t> least_in_sync = std::nullopt);

}  // namespace lakeward::connectors::kafka
