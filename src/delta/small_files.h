// Which files of a table to merge, and when: bin packing for OPTIMIZE, and size tiers for a table
// that is merged while it is written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "delta/actions.h"
#include "delta/snapshot.h"
#include "delta/transaction.h"

namespace lakeward::delta {

// Live files of one partition that become one file.
struct MergeGroup {
  std::vector<AddFile> files;    // without statistics
  std::optional<uint64_t> rows;  // of all files together, if the statistics of each say so
  uint64_t bytes = 0;
};

// A text that is equal for files of the same partition (by the text of their values).
std::string partition_key(const PartitionValues& values);

// Groups for one pass over a whole table: files smaller than `target_bytes`, the smallest first,
// packed partition by partition into groups of at most that size. What would stay alone is left.
std::vector<MergeGroup> pack_small_files(const std::vector<AddFile>& files, uint64_t target_bytes);

// When files are merged beside a writer. A file's tier is log(rows) to the base `fan_in`; as soon
// as a tier of a partition has `fan_in` files, they become one of a higher tier. So a row is
// written again once a tier, and a partition keeps fewer than `fan_in` small files a tier.
struct TierPolicy {
  uint64_t target_bytes = 128ULL << 20;
  uint64_t least_bytes = 0;  // smaller files are left to somebody else
  size_t fan_in = 16;
  // However uneven the files are, a partition with so many small ones is merged.
  size_t max_files = 40;
  // A partition that got no file for so long is not written any more: what is left of it, from
  // `settled_files` on, becomes one file.
  Duration settled = std::chrono::minutes(15);
  size_t settled_files = 8;

  // Files from this size on are left alone.
  uint64_t finished_bytes() const { return target_bytes / 2; }
};

// For two who merge beside each other and share no file: one makes files of an eighth of the target
// size, quickly; the other makes files of the target size out of these, which may take it long.
TierPolicy small_lane();
TierPolicy large_lane();

// The small live files of a table, kept up to date with its commits. Costs memory for these only.
class SmallFiles {
 public:
  explicit SmallFiles(TierPolicy policy) : policy_(policy) {}

  // Takes the files of a snapshot in place of what is known.
  void reset(const Snapshot& snapshot);
  // Takes in the commit after version(); false if it is another one.
  bool apply(const FileChanges& changes);
  Version version() const { return version_; }

  // Whether a file of this path is live and small.
  bool contains(const std::string& path) const;
  // What is due, at most about `max_files` files and `max_bytes` of them (one group at least); a
  // partition has one group, or several that fill the target size.
  std::vector<MergeGroup> due(Timestamp now, size_t max_files, uint64_t max_bytes);

  // Nothing is due in the partition of this group before `until`: its files cannot be merged now.
  void put_off(const MergeGroup& group, Timestamp until);
  // What was due and could not be done is due again.
  void look_again() { looked_at_all_ = Timestamp(); }

  size_t partitions() const { return partitions_.size(); }
  size_t files() const { return key_of_.size(); }

 private:
  struct File {
    AddFile add;
    std::optional<uint64_t> rows;
    size_t tier = 0;
  };
  struct Partition {
    std::vector<File> files;
    int64_t newest_ms = 0;  // of the rows' arrival: merges do not count
    bool changed = true;    // since due() found nothing in it
    Timestamp not_before;
  };

  void add(const AddFile& file);
  void remove(const std::string& path);
  uint64_t weight(const File& file) const;
  size_t tier(uint64_t weight) const;
  std::vector<std::vector<size_t>> choose(Partition& partition, Timestamp now) const;
  std::vector<size_t> choose_tiers(const std::vector<File>& files, size_t count) const;
  MergeGroup group(const Partition& partition, const std::vector<size_t>& chosen) const;

  TierPolicy policy_;
  Version version_ = -1;
  std::map<std::string, Partition> partitions_;
  std::unordered_map<std::string, std::string> key_of_;  // canonical path → partition
  Timestamp looked_at_all_;
  std::string next_;  // the partition that due() begins with
};

}  // namespace lakeward::delta
