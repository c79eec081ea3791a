#include "delta/compactor.h"

#include <utility>
#include <vector>

namespace lakeward::delta {
namespace {

constexpr Duration kPutOff = std::chrono::minutes(10);

}  // namespace

Result<std::unique_ptr<Compactor>> Compactor::open(io::ObjectStore& store, const std::string& path,
                                                   engine::Database& database, const Clock& clock,
                                                   TierPolicy policy, RoundLimits limits) {
  ASSIGN_OR_RETURN(Table table, Table::open(store, path, database));
  return std::unique_ptr<Compactor>(new Compactor(std::move(table), clock, policy, limits));
}

Status Compactor::follow() {
  if (!writer_) {
    ASSIGN_OR_RETURN(writer_, TableWriter::open(table_, clock_));
    writer_->keep_file_changes();
  }
  RETURN_IF_ERROR(writer_->refresh());
  return take_in_changes();
}

Status Compactor::take_in_changes() {
  bool contiguous = small_.version() >= 0;
  for (const FileChanges& changes : writer_->take_file_changes()) {
    contiguous = contiguous && small_.apply(changes);
  }
  if (contiguous && small_.version() == writer_->state().version) return ok_status();
  // The first time, or a part of the log expired before it was read.
  ASSIGN_OR_RETURN(const Snapshot snapshot, table_.snapshot_at(writer_->state().version));
  small_.reset(snapshot);
  return ok_status();
}

Result<std::vector<MergedFile>> Compactor::merge(std::vector<MergeGroup> groups,
                                                 std::stop_token stop) {
  std::vector<MergedFile> merged;
  for (MergeGroup& group : groups) {
    const std::string partition = partition_key(group.files.front().partition_values);
    const auto file = stop.stop_requested() ? Result<MergedFile>(cancelled("stopped"))
                                            : merge_files(table_, writer_->state(), group, clock_);
    if (file.ok()) {
      merged.push_back(*file);
      if (partition == problem_partition_) problem_ = ok_status();
    } else if (file.status().retriable() || file.status().code() == StatusCode::kCancelled) {
      discard_merged(table_, merged);
      return file.status();
    } else {
      small_.put_off(group, clock_.now() + kPutOff);
      problem_ = file.status();
      problem_partition_ = partition;
    }
  }
  return merged;
}

Result<MergeCommit> Compactor::run_round(std::stop_token stop) {
  RETURN_IF_ERROR(follow());
  const Timestamp begun = clock_.now();
  Result<std::vector<MergedFile>> merged =
      merge(small_.due(begun, limits_.files, limits_.bytes), stop);
  if (!merged.ok()) {
    small_.look_again();
    return merged.status();
  }
  if (merged->empty()) return MergeCommit();
  const auto is_live = [this](const AddFile& file) {
    return take_in_changes().ok() && small_.contains(file.path);
  };
  const Result<MergeCommit> done =
      commit_merged(table_, *writer_, std::move(merged).value(), optimize_parameters("", true),
                    is_live, begun, clock_);
  if (!done.ok() || done->totals.groups_dropped > 0) small_.look_again();
  if (done.ok()) totals_ += done->totals;
  return done;
}

}  // namespace lakeward::delta
