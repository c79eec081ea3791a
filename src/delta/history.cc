// The versions of a table in time.
#include <algorithm>

#include "delta/log.h"
#include "delta/table.h"

namespace lakeward::delta {
namespace {

struct Commit {
  Version version = 0;
  Timestamp modified;
};

// The commits that are still in the log, oldest first.
Result<std::vector<Commit>> list_commits(const Table& table) {
  ASSIGN_OR_RETURN(const std::vector<io::ObjectInfo> objects, table.store().list(table.log_path()));
  std::vector<Commit> commits;
  for (const io::ObjectInfo& object : objects) {
    const LogFile file = parse_log_name(base_name(object.path));
    if (file.kind == LogFile::Kind::kCommit) commits.push_back({file.version, object.modified});
  }
  if (commits.empty()) {
    return not_found("there is no Delta table at " + table.name() + " (no commit in its log)");
  }
  // Files may have been copied, and clocks step back: a version is never younger than the next one.
  for (size_t i = 1; i < commits.size(); ++i) {
    if (commits[i].modified <= commits[i - 1].modified) {
      commits[i].modified = commits[i - 1].modified + Duration{1000};
    }
  }
  return commits;
}

}  // namespace

Result<Version> Table::earliest_commit() const {
  ASSIGN_OR_RETURN(const std::vector<Commit> commits, list_commits(*this));
  return commits.front().version;
}

Result<Version> Table::version_at(Timestamp time) const {
  ASSIGN_OR_RETURN(std::vector<Commit> commits, list_commits(*this));
  ASSIGN_OR_RETURN(const TableState latest, state());
  if (lower_name(latest.metadata.property("delta.enableInCommitTimestamps")) == "true") {
    for (Commit& commit : commits) {
      ASSIGN_OR_RETURN(const CommitActions actions, read_commit(commit.version));
      if (actions.info && actions.info->in_commit_timestamp_ms) {
        commit.modified = Timestamp::from_millis(*actions.info->in_commit_timestamp_ms);
      }
    }
  }
  const auto after =
      std::partition_point(commits.begin(), commits.end(),
                           [&](const Commit& commit) { return commit.modified <= time; });
  if (after == commits.begin()) {
    return not_found("table " + name_ +
                     " has no version as old as the time asked for: the oldest is " +
                     std::to_string(commits.front().version));
  }
  return std::prev(after)->version;
}

Result<std::vector<HistoryEntry>> Table::history(size_t limit) const {
  ASSIGN_OR_RETURN(const std::vector<Commit> commits, list_commits(*this));
  std::vector<HistoryEntry> entries;
  for (auto commit = commits.rbegin(); commit != commits.rend() && entries.size() < limit;
       ++commit) {
    ASSIGN_OR_RETURN(CommitActions actions, read_commit(commit->version));
    HistoryEntry entry;
    entry.version = commit->version;
    entry.timestamp = commit->modified;
    if (actions.info) entry.info = std::move(*actions.info);
    if (entry.info.in_commit_timestamp_ms) {
      entry.timestamp = Timestamp::from_millis(*entry.info.in_commit_timestamp_ms);
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace lakeward::delta
