#include "delta/small_files.h"

#include <algorithm>
#include <utility>

#include "delta/log.h"

namespace lakeward::delta {
namespace {

// Without statistics, a row is taken for so many bytes.
constexpr uint64_t kRowBytes = 64;

// All partitions are looked at, for those that are not written any more, only so often.
constexpr Duration kSettledPeriod = std::chrono::minutes(1);

uint64_t bytes_of(const AddFile& file) {
  return static_cast<uint64_t>(std::max<int64_t>(file.size, 0));
}

void put_into(MergeGroup& group, AddFile file, std::optional<uint64_t> rows) {
  group.bytes += bytes_of(file);
  if (group.files.empty()) group.rows = 0;
  group.rows = group.rows && rows ? std::optional(*group.rows + *rows) : std::nullopt;
  file.stats.clear();
  group.files.push_back(std::move(file));
}

}  // namespace

std::string partition_key(const PartitionValues& values) {
  std::string key;
  for (const auto& [column, value] : values) {
    key += std::to_string(column.size()) + ':' + column;
    key += value ? std::to_string(value->size()) + ':' + *value : "-";
  }
  return key;
}

std::vector<MergeGroup> pack_small_files(const std::vector<AddFile>& files, uint64_t target_bytes) {
  std::map<std::string, std::vector<const AddFile*>> partitions;
  for (const AddFile& file : files) {
    if (bytes_of(file) < target_bytes) {
      partitions[partition_key(file.partition_values)].push_back(&file);
    }
  }
  std::vector<MergeGroup> groups;
  for (auto& [key, small] : partitions) {
    std::stable_sort(small.begin(), small.end(),
                     [](const AddFile* a, const AddFile* b) { return a->size < b->size; });
    MergeGroup group;
    const auto close = [&] {
      if (group.files.size() > 1) groups.push_back(std::move(group));
      group = MergeGroup();
    };
    for (const AddFile* file : small) {
      if (group.bytes + bytes_of(*file) > target_bytes) close();
      put_into(group, *file, record_count(*file));
    }
    close();
  }
  return groups;
}

TierPolicy small_lane() {
  TierPolicy policy;
  policy.target_bytes /= 8;
  return policy;
}

TierPolicy large_lane() {
  TierPolicy policy;
  policy.least_bytes = small_lane().finished_bytes();
  return policy;
}

void SmallFiles::reset(const Snapshot& snapshot) {
  partitions_.clear();
  key_of_.clear();
  for (const AddFile& file : snapshot.files) add(file);
  version_ = snapshot.state.version;
  looked_at_all_ = Timestamp();
}

bool SmallFiles::apply(const FileChanges& changes) {
  if (changes.version != version_ + 1) return false;
  for (const RemoveFile& file : changes.removes) remove(file.path);
  for (const AddFile& file : changes.adds) add(file);
  version_ = changes.version;
  return true;
}

bool SmallFiles::contains(const std::string& path) const {
  return key_of_.contains(canonical_path(path));
}

void SmallFiles::add(const AddFile& file) {
  remove(file.path);
  if (bytes_of(file) >= policy_.finished_bytes()) return;
  const std::string key = partition_key(file.partition_values);
  if (bytes_of(file) < policy_.least_bytes) {
    // Somebody else's, but a sign that the partition is written.
    const auto known = partitions_.find(key);
    if (known != partitions_.end() && file.data_change) {
      known->second.newest_ms = std::max(known->second.newest_ms, file.modified_ms);
    }
    return;
  }
  Partition& partition = partitions_[key];
  partition.changed = true;
  if (file.data_change) partition.newest_ms = std::max(partition.newest_ms, file.modified_ms);
  File small{file, record_count(file), 0};
  small.add.stats.clear();
  small.tier = tier(weight(small));
  partition.files.push_back(std::move(small));
  key_of_[canonical_path(file.path)] = key;
}

void SmallFiles::remove(const std::string& path) {
  const std::string canonical = canonical_path(path);
  const auto known = key_of_.find(canonical);
  if (known == key_of_.end()) return;
  const auto partition = partitions_.find(known->second);
  std::vector<File>& files = partition->second.files;
  std::erase_if(files,
                [&](const File& file) { return canonical_path(file.add.path) == canonical; });
  if (files.empty()) partitions_.erase(partition);
  key_of_.erase(known);
}

void SmallFiles::put_off(const MergeGroup& group, Timestamp until) {
  const auto partition = partitions_.find(partition_key(group.files.front().partition_values));
  if (partition != partitions_.end()) partition->second.not_before = until;
}

uint64_t SmallFiles::weight(const File& file) const {
  return std::max<uint64_t>(1, file.rows.value_or(bytes_of(file.add) / kRowBytes));
}

size_t SmallFiles::tier(uint64_t weight) const {
  size_t tier = 0;
  for (; weight >= policy_.fan_in; weight /= policy_.fan_in) ++tier;
  return tier;
}

// Of the first `count` files, which are in order of their tiers. Merging k files of a tier fills a
// place in a higher one, which may be the one that makes that tier due as well: then all is done in
// one step, and no row is written twice for it.
std::vector<size_t> SmallFiles::choose_tiers(const std::vector<File>& files, size_t count) const {
  size_t merged = 0;  // the first so many
  uint64_t rows = 0;  // of these
  for (size_t begin = 0; begin < count;) {
    size_t end = begin;
    uint64_t tier_rows = 0;
    while (end < count && files[end].tier == files[begin].tier) tier_rows += weight(files[end++]);
    const bool joined = merged > 0 && tier(rows) == files[begin].tier;
    if (end - begin + (joined ? 1 : 0) >= policy_.fan_in) {
      for (size_t i = merged; i < begin; ++i) rows += weight(files[i]);
      rows += tier_rows;
      merged = end;
    }
    begin = end;
  }
  std::vector<size_t> chosen(merged);
  for (size_t i = 0; i < merged; ++i) chosen[i] = i;
  return chosen;
}

std::vector<std::vector<size_t>> SmallFiles::choose(Partition& partition, Timestamp now) const {
  std::vector<File>& files = partition.files;
  std::vector<std::vector<size_t>> groups;
  std::stable_sort(files.begin(), files.end(), [this](const File& a, const File& b) {
    return std::pair(a.tier, weight(a)) < std::pair(b.tier, weight(b));
  });
  // Enough for files of the target size: the largest first, which are the oldest.
  uint64_t left = 0;
  for (const File& file : files) left += bytes_of(file.add);
  size_t count = files.size();
  while (left >= policy_.target_bytes) {
    std::vector<size_t> full;
    uint64_t bytes = 0;
    while (bytes < policy_.target_bytes) {
      full.push_back(--count);
      bytes += bytes_of(files[count].add);
    }
    left -= bytes;
    groups.push_back(std::move(full));
  }
  std::vector<size_t> rest = choose_tiers(files, count);
  const auto first = [&](size_t number) {
    rest.clear();
    for (size_t i = 0; i < number; ++i) rest.push_back(i);
  };
  const size_t would_be_left = count - rest.size() + (rest.empty() ? 0 : 1);
  if (would_be_left >= policy_.max_files) first(count - policy_.max_files / 2);
  const Timestamp newest = Timestamp::from_millis(partition.newest_ms);
  if (rest.empty() && count >= policy_.settled_files && now - newest >= policy_.settled) {
    first(count);
  }
  if (rest.size() > 1) groups.push_back(std::move(rest));
  return groups;
}

MergeGroup SmallFiles::group(const Partition& partition, const std::vector<size_t>& chosen) const {
  MergeGroup group;
  for (const size_t i : chosen) put_into(group, partition.files[i].add, partition.files[i].rows);
  return group;
}

std::vector<MergeGroup> SmallFiles::due(Timestamp now, size_t max_files, uint64_t max_bytes) {
  const bool all = now - looked_at_all_ >= kSettledPeriod;
  if (all) looked_at_all_ = now;
  std::vector<MergeGroup> groups;
  size_t files = 0;
  uint64_t bytes = 0;
  // From where the last call ended: under load, every partition has its turn.
  auto at = partitions_.lower_bound(next_);
  for (size_t i = 0; i < partitions_.size(); ++i, ++at) {
    if (at == partitions_.end()) at = partitions_.begin();
    Partition& partition = at->second;
    if ((!partition.changed && !all) || now < partition.not_before) continue;
    partition.changed = false;
    for (const std::vector<size_t>& chosen : choose(partition, now)) {
      if (!groups.empty() && (files >= max_files || bytes >= max_bytes)) {
        partition.changed = true;
        next_ = at->first;
        return groups;
      }
      groups.push_back(group(partition, chosen));
      files += groups.back().files.size();
      bytes += groups.back().bytes;
    }
  }
  return groups;
}

}  // namespace lakeward::delta
