#include "connectors/kafka/partition_state.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lakeward::connectors::kafka {
namespace {

struct Case {
  std::vector<PartitionState> partitions;
  std::optional<size_t> least_in_sync;
  std::string text;  // before the advice; "": nothing is wrong
};

TEST(PartitionState, SaysWhatIsWrongWithTheFirstPartitionAndHowManyMoreThereAre) {
  const PartitionState whole{0, 1, {1, 2, 3}, {1, 2, 3}};
  const PartitionState one_in_sync{1, 2, {1, 2, 3}, {2}};
  const PartitionState two_in_sync{2, 2, {1, 2, 3}, {2, 3}};
  const PartitionState leaderless{3, -1, {1, 2}, {1}};
  const PartitionState alone{4, -1, {7}, {7}};
  const std::vector<Case> cases = {
      {{}, {}, ""},
      {{whole}, {}, ""},
      {{whole, two_in_sync}, 2, ""},
      {{PartitionState{0, 7, {7}, {7}}}, 2, ""},
      {{whole, two_in_sync},
       {},
       "of brokers 1, 2 and 3 that hold partition 2 of 't', only 2 are in sync"},
      {{one_in_sync, two_in_sync},
       2,
       "of brokers 1, 2 and 3 that hold partition 1 of 't', only 1 is in sync, and "
       "min.insync.replicas is 2"},
      {{one_in_sync, two_in_sync, leaderless},
       3,
       "partition 3 of 't' has no leader: of brokers 1 and 2, none that has all records is there"},
      {{alone, leaderless, leaderless},
       {},
       "partition 4 and 2 other partitions of 't' have no leader: of broker 7, none that has all "
       "records is there"},
      {{one_in_sync, one_in_sync},
       2,
       "of brokers 1, 2 and 3 that hold partition 1 and 1 other partition of 't', only 1 is in "
       "sync, and min.insync.replicas is 2"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(describe_trouble("t", one.partitions, one.least_in_sync),
              one.text.empty() ? "" : one.text + "; if brokers are down, start them");
  }
}

}  // namespace
}  // namespace lakeward::connectors::kafka
