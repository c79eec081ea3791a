#include "delta/small_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "base/random.h"

namespace lakeward::delta {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint64_t kNoLimit = UINT64_MAX;
const std::vector<TierPolicy> kTwo = {small_lane(), large_lane()};

AddFile file_of(const std::string& path, uint64_t rows, int64_t bytes, Timestamp time,
                const std::string& partition = "") {
  AddFile file;
  file.path = path;
  file.size = bytes;
  file.modified_ms = time.millis();
  file.stats = R"({"numRecords":)" + std::to_string(rows) + "}";
  if (!partition.empty()) file.partition_values["p"] = partition;
  return file;
}

// A table that is fed and merged, without any file: what is live, and what was written.
class Simulation {
 public:
  // One who merges for each policy.
  explicit Simulation(const std::vector<TierPolicy>& policies = kTwo) {
    for (const TierPolicy& policy : policies) lanes_.emplace_back(policy).reset(Snapshot());
  }

  void append(uint64_t rows, const std::string& partition = "", uint64_t row_bytes = 50) {
    FileChanges changes;
    changes.version = next_version();
    const auto bytes = static_cast<int64_t>(1'000 + rows * row_bytes);
    changes.adds = {file_of("f" + std::to_string(changes.version), rows, bytes, now, partition)};
    appended_rows += rows;
    commit(changes);
  }
  // Does all that is due, a commit for it, as the merging thread does.
  void merge() {
    for (SmallFiles& lane : lanes_) merge(lane);
  }
  void merge(SmallFiles& lane) {
    uint64_t& largest = largest_merges[&lane - lanes_.data()];
    for (const MergeGroup& group : lane.due(now, kNoLimit, kNoLimit)) {
      largest = std::max(largest, group.bytes);
      FileChanges changes;
      changes.version = next_version();
      int64_t bytes = 1'000;
      std::string partition;
      for (const AddFile& file : group.files) {
        RemoveFile remove;
        remove.path = file.path;
        changes.removes.push_back(remove);
        bytes += file.size - 1'000;
        const auto value = file.partition_values.find("p");
        if (value != file.partition_values.end()) partition = value->second.value_or("");
      }
      EXPECT_GT(group.files.size(), 1u);
      merged_rows += group.rows.value_or(0);
      ++merges;
      changes.adds = {file_of("m" + std::to_string(changes.version), group.rows.value_or(0), bytes,
                              now, partition)};
      changes.adds[0].data_change = false;
      commit(changes);
    }
  }
  double amplification() const {
    return static_cast<double>(merged_rows) / static_cast<double>(appended_rows);
  }

  Timestamp now{1'767'225'600'000'000};
  std::map<std::string, std::map<std::string, int64_t>> live;  // partition → path → bytes
  uint64_t appended_rows = 0;
  uint64_t merged_rows = 0;
  uint64_t merges = 0;
  std::map<ptrdiff_t, uint64_t> largest_merges;  // lane → bytes

 private:
  Version next_version() const { return lanes_.front().version() + 1; }
  void commit(const FileChanges& changes) {
    for (SmallFiles& lane : lanes_) EXPECT_TRUE(lane.apply(changes));
    for (const RemoveFile& file : changes.removes) {
      for (auto& [partition, files] : live) files.erase(file.path);
    }
    for (const AddFile& file : changes.adds) {
      live[partition_key(file.partition_values)][file.path] = file.size;
    }
  }

  std::vector<SmallFiles> lanes_;
};

// The most files that a partition has, without those of full size.
size_t most(const Simulation& simulation) {
  size_t most = 0;
  for (const auto& [partition, files] : simulation.live) {
    const auto small = std::count_if(files.begin(), files.end(),
                                     [](const auto& file) { return file.second < (64 << 20); });
    most = std::max(most, static_cast<size_t>(small));
  }
  return most;
}

TEST(SmallFiles, KeepsATableThatIsFedOnceASecondBelowSixtyFiles) {
  struct Feed {
    const char* what;
    std::function<uint64_t(Random&, int)> rows;
    double amplification;
  };
  const std::vector<Feed> feeds = {
      {"one row a second", [](Random&, int) { return 1; }, 3.5},
      {"the same number of rows", [](Random&, int) { return 1'000; }, 3.0},
      {"rows of uneven numbers", [](Random& r, int) { return 1 + r.below(5'000); }, 4.0},
      {"now many rows, now few", [](Random& r, int) { return uint64_t{1} << (2 * r.below(8)); },
       6.0},
      {"more and more rows", [](Random&, int i) { return 1 + uint64_t(i) * 3; }, 4.0},
      {"fewer and fewer rows", [](Random&, int i) { return 14'400 / (1 + uint64_t(i)); }, 6.0},
  };
  for (const Feed& feed : feeds) {
    Simulation simulation;
    Random random(7);
    for (int second = 0; second < 4 * 3'600; ++second) {
      simulation.append(feed.rows(random, second));
      ASSERT_LE(most(simulation), 60u) << feed.what << ", second " << second;
      simulation.merge();
      simulation.now = simulation.now + std::chrono::seconds(1);
    }
    EXPECT_LE(simulation.amplification(), feed.amplification) << feed.what;
    EXPECT_LE(simulation.live.begin()->second.size(), 4u * 60u) << feed.what;
  }
}

TEST(SmallFiles, KeepsHourlyPartitionsBelowSixtyFilesAndFinishesThem) {
  Simulation simulation;
  for (int second = 0; second < 5 * 3'600; ++second) {
    simulation.append(100, "hour " + std::to_string(second / 3'600));
    ASSERT_LE(most(simulation), 60u);
    simulation.merge();
    simulation.now = simulation.now + std::chrono::seconds(1);
  }
  ASSERT_EQ(simulation.live.size(), 5u);
  size_t finished = 0;
  for (const auto& [hour, files] : simulation.live) finished += files.size() < 8 ? 1 : 0;
  EXPECT_EQ(finished, 4u);
}

TEST(SmallFiles, KeepsEachOfManyPartitionsBelowSixtyFiles) {
  Simulation simulation;
  Random random(11);
  for (int second = 0; second < 3'600; ++second) {
    for (int i = 0; i < 20; ++i) {
      simulation.append(10, "device " + std::to_string(random.below(1 + random.below(200))));
    }
    ASSERT_LE(most(simulation), 60u);
    simulation.merge();
    simulation.now = simulation.now + std::chrono::seconds(1);
  }
  EXPECT_LE(simulation.amplification(), 3.0);
}

TEST(SmallFiles, LeavesFilesAloneOnceTheyAreLarge) {
  Simulation simulation;
  for (int second = 0; second < 3'600; ++second) {
    simulation.append(1'000'000, "", 20);  // 20 MB a second
    simulation.merge();
    simulation.now = simulation.now + std::chrono::seconds(1);
  }
  EXPECT_LE(simulation.amplification(), 1.0);  // once is enough
  EXPECT_LT(most(simulation), 16u);
}

// So that the one who merges small files never works for long, and does not meet the other's.
TEST(SmallFiles, AreMergedByTwoWhoShareNoFile) {
  for (const uint64_t row_bytes : {3, 50, 500}) {
    Simulation simulation;
    size_t most_files = 0;
    for (int i = 0; i < 5 * 900; ++i) {
      simulation.append(20'000, "", row_bytes);
      simulation.merge();
      most_files = std::max(most_files, most(simulation));
      simulation.now = simulation.now + std::chrono::milliseconds(200);
    }
    EXPECT_LE(most_files, 50u) << row_bytes;
    EXPECT_LE(simulation.largest_merges[0], 32u << 20) << row_bytes;
    EXPECT_GE(simulation.largest_merges[1], 64u << 20) << row_bytes;
    EXPECT_LT(simulation.amplification(), 4.0) << row_bytes;
  }
}

TEST(SmallFiles, HasNothingDueForAFewFiles) {
  Simulation simulation;
  for (int i = 0; i < 15; ++i) simulation.append(10);
  simulation.merge();
  EXPECT_EQ(simulation.merges, 0u);
  simulation.append(10);
  simulation.merge();
  EXPECT_EQ(simulation.merges, 1u);
}

TEST(SmallFiles, TellsAGapInTheVersions) {
  SmallFiles small({});
  small.reset(Snapshot());
  EXPECT_FALSE(small.apply({.version = 1, .adds = {}, .removes = {}}));
  EXPECT_TRUE(small.apply({.version = 0, .adds = {}, .removes = {}}));
  EXPECT_EQ(small.version(), 0);
}

TEST(SmallFiles, ForgetsWhatOthersRemove) {
  SmallFiles small({});
  small.reset(Snapshot());
  FileChanges changes{.version = 0, .adds = {}, .removes = {}};
  for (int i = 0; i < 16; ++i) {
    changes.adds.push_back(file_of("a%20" + std::to_string(i), 1, 100, {}));
  }
  ASSERT_TRUE(small.apply(changes));
  EXPECT_TRUE(small.contains("a%203"));
  RemoveFile remove;
  remove.path = "a%203";
  ASSERT_TRUE(small.apply({.version = 1, .adds = {}, .removes = {remove}}));
  EXPECT_FALSE(small.contains("a%203"));
  EXPECT_THAT(small.due({}, kNoLimit, kNoLimit), IsEmpty());
  EXPECT_EQ(small.files(), 15u);
}

TEST(SmallFiles, GivesEveryPartitionItsTurnUnderALimit) {
  SmallFiles small({});
  small.reset(Snapshot());
  FileChanges changes{.version = 0, .adds = {}, .removes = {}};
  for (int i = 0; i < 160; ++i) {
    changes.adds.push_back(
        file_of("f" + std::to_string(i), 1, 100, {}, "p" + std::to_string(i % 10)));
  }
  ASSERT_TRUE(small.apply(changes));
  std::set<std::string> seen;
  for (int i = 0; i < 10; ++i) {
    for (const MergeGroup& group : small.due({}, 1, kNoLimit)) {
      seen.insert(*group.files[0].partition_values.at("p"));
    }
  }
  EXPECT_THAT(seen, SizeIs(10));
}

TEST(PackSmallFiles, LeavesWhatWouldStayAlone) {
  const std::vector<AddFile> files = {file_of("a", 1, 60, {}, "x"), file_of("b", 1, 30, {}, "x"),
                                      file_of("c", 1, 30, {}, "y"), file_of("d", 1, 100, {}, "y"),
                                      file_of("e", 1, 99, {}, "y")};
  const std::vector<MergeGroup> groups = pack_small_files(files, 100);
  ASSERT_THAT(groups, SizeIs(1));
  EXPECT_EQ(groups[0].files[0].path, "b");
  EXPECT_EQ(groups[0].files[1].path, "a");
  EXPECT_EQ(groups[0].rows, 2u);
}

}  // namespace
}  // namespace lakeward::delta
