#include "delta/vacuum.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/units.h"
#include "delta/checkpoint.h"
#include "delta/log.h"
#include "delta/snapshot.h"
#include "delta/transaction.h"

namespace lakeward::delta {
namespace {

// Another writer may change the schema while VACUUM START is written.
constexpr int kCommitAttempts = 10;

struct Garbage {
  std::string path;  // within the table's folder
  uint64_t bytes = 0;
};

class Vacuum {
 public:
  Vacuum(Table& table, const VacuumOptions& options, const Clock& clock)
      : table_(table), options_(options), clock_(clock), now_(clock.now()) {}

  Result<VacuumReport> run(const std::function<void(const VacuumProgress&)>& progress,
                           std::stop_token stop) {
    // Listed first: what is committed after the listing is not in it, what is committed before it
    // is in the snapshot.
    ASSIGN_OR_RETURN(const std::vector<io::ObjectInfo> objects,
                     table_.store().list_recursive(table_.path()));
    ASSIGN_OR_RETURN(const Snapshot snapshot, table_.snapshot());
    RETURN_IF_ERROR(check_writable(snapshot.state, table_.name()));
    RETURN_IF_ERROR(check_retention(snapshot.state.metadata));
    RETURN_IF_ERROR(find_needed(snapshot));
    find_garbage(objects, snapshot.state.metadata);
    if (options_.dry_run) {
      for (const Garbage& garbage : garbage_) report_.paths.push_back(garbage.path);
      std::sort(report_.paths.begin(), report_.paths.end());
      return std::move(report_);
    }
    if (garbage_.empty()) return std::move(report_);
    RETURN_IF_ERROR(commit("VACUUM START", start_parameters(),
                           {{"numFilesToDelete", std::to_string(report_.files)},
                            {"sizeOfDataToDelete", std::to_string(report_.bytes)}}));
    const Status removed = remove(progress, stop);
    const Status ended =
        commit("VACUUM END", {{"status", removed.ok() ? "COMPLETED" : "FAILED"}},
               {{"numDeletedFiles", std::to_string(removed_)}, {"numVacuumedDirectories", "0"}});
    RETURN_IF_ERROR(removed);
    RETURN_IF_ERROR(ended);
    return std::move(report_);
  }

 private:
  Status check_retention(const Metadata& metadata) {
    ASSIGN_OR_RETURN(least_, deleted_file_retention(metadata));
    report_.retention = options_.retention.value_or(least_);
    if (report_.retention.count() < 0) return invalid_argument("the retention cannot be negative");
    if (report_.retention >= least_ || options_.force) return ok_status();
    return invalid_argument(
        "a retention of " + format_duration(report_.retention) + " is less than the " +
        format_duration(least_) + " of table " + table_.name() +
        " (delta.deletedFileRetentionDuration): pipelines that read it and are behind, and writers "
        "that have not committed yet, would lose files. If there are none, say --force");
  }

  // Everything that some version within the retention is made of.
  Status find_needed(const Snapshot& snapshot) {
    const Timestamp cutoff = now_ + -report_.retention;
    for (const AddFile& file : snapshot.files) need(file.path);
    for (const RemoveFile& file : snapshot.removed) take_tombstone(file, cutoff);
    if (report_.retention <= least_) return ok_status();
    // Checkpoints forget tombstones after the table's own retention; the commits before them do
    // not.
    ASSIGN_OR_RETURN(const std::vector<io::ObjectInfo> log, table_.store().list(table_.log_path()));
    for (const io::ObjectInfo& object : log) {
      const LogFile file = parse_log_name(base_name(object.path));
      if (file.kind != LogFile::Kind::kCommit || object.modified < cutoff) continue;
      const auto commit = table_.read_commit(file.version);
      if (commit.status().code() == StatusCode::kNotFound) continue;  // cleaned up meanwhile
      RETURN_IF_ERROR(commit.status());
      for (const RemoveFile& remove : commit->removes) take_tombstone(remove, cutoff);
    }
    return ok_status();
  }

  void take_tombstone(const RemoveFile& file, Timestamp cutoff) {
    if (file.deleted_ms && Timestamp::from_millis(*file.deleted_ms) < cutoff) {
      expired_.insert(canonical_path(file.path));
    } else {
      need(file.path);
    }
  }

  // A file that is named by an absolute path may be one of this folder, under another name of it
  // (a link, a mount): then every file of its name is kept.
  void need(const std::string& uri) {
    std::string path = canonical_path(uri);
    if (path.starts_with('/')) needed_names_.emplace(base_name(path));
    needed_.insert(std::move(path));
  }

  void find_garbage(const std::vector<io::ObjectInfo>& objects, const Metadata& metadata) {
    const size_t prefix = table_.path().size() + 1;
    // Folders of tables within this one.
    std::vector<std::string> others;
    for (const io::ObjectInfo& object : objects) {
      const std::string path = object.path.substr(prefix);
      const size_t log = path.find("/_delta_log/");
      if (log != std::string::npos) others.push_back(path.substr(0, log + 1));
    }
    std::sort(others.begin(), others.end());
    others.erase(std::unique(others.begin(), others.end()), others.end());
    for (const io::ObjectInfo& object : objects) {
      const std::string path = object.path.substr(prefix);
      const bool is_other =
          std::any_of(others.begin(), others.end(),
                      [&](const std::string& folder) { return path.starts_with(folder); });
      if (is_other || is_hidden(path, metadata) || !path.ends_with(".parquet")) continue;
      if (needed_.contains(path) || needed_names_.contains(std::string(base_name(path)))) continue;
      judge(path, object);
    }
  }

  void judge(const std::string& path, const io::ObjectInfo& object) {
    const bool orphan = !expired_.contains(path);
    const Duration age = now_ - object.modified;
    const Duration least =
        orphan ? std::max(report_.retention, kLeastOrphanAge) : report_.retention;
    if (age < least) {
      ++report_.kept;
      return;
    }
    garbage_.push_back({path, object.size});
    ++report_.files;
    report_.bytes += object.size;
    if (orphan) ++report_.orphans;
  }

  static bool is_hidden(const std::string& path, const Metadata& metadata) {
    for (size_t begin = 0; begin < path.size();) {
      const size_t end = std::min(path.find('/', begin), path.size());
      const std::string name = path.substr(begin, end - begin);
      const bool is_partition =
          std::any_of(metadata.partition_columns.begin(), metadata.partition_columns.end(),
                      [&](const std::string& column) { return name.starts_with(column + "="); });
      if ((name.starts_with('_') || name.starts_with('.')) && !is_partition) return true;
      begin = end + 1;
    }
    return false;
  }

  TextMap start_parameters() const {
    const auto millis = [](Duration duration) { return std::to_string(duration.count() / 1000); };
    TextMap parameters = {{"retentionCheckEnabled", options_.force ? "false" : "true"},
                          {"defaultRetentionMillis", millis(least_)}};
    if (options_.retention) parameters["specifiedRetentionMillis"] = millis(*options_.retention);
    return parameters;
  }

  Status commit(const char* operation, TextMap parameters, TextMap metrics) {
    CommitRequest request;
    request.kind = CommitRequest::Kind::kMaintenance;
    request.operation = operation;
    request.operation_parameters = std::move(parameters);
    request.operation_metrics = std::move(metrics);
    for (int attempt = 1;; ++attempt) {
      ASSIGN_OR_RETURN(TableWriter writer, TableWriter::open(table_, clock_));
      const Status committed = writer.commit(request).status();
      if (committed.code() != StatusCode::kConflict || attempt == kCommitAttempts) return committed;
    }
  }

  Status remove(const std::function<void(const VacuumProgress&)>& progress, std::stop_token stop) {
    for (const Garbage& garbage : garbage_) {
      if (stop.stop_requested()) {
        return cancelled("stopped after " + std::to_string(removed_) + " of " +
                         std::to_string(garbage_.size()) + " files; run it again to go on");
      }
      RETURN_IF_ERROR(table_.store().remove(table_.path() + "/" + garbage.path));
      ++removed_;
      if (progress) progress({garbage_.size(), removed_});
    }
    return ok_status();
  }

  Table& table_;
  const VacuumOptions& options_;
  const Clock& clock_;
  Timestamp now_;
  Duration least_{0};  // the table's retention
  VacuumReport report_;
  std::unordered_set<std::string> needed_;
  std::unordered_set<std::string> needed_names_;
  std::unordered_set<std::string> expired_;  // removed before the retention
  std::vector<Garbage> garbage_;
  uint64_t removed_ = 0;
};

}  // namespace

Result<VacuumReport> vacuum(Table& table, const VacuumOptions& options, const Clock& clock,
                            const std::function<void(const VacuumProgress&)>& progress,
                            std::stop_token stop) {
  return Vacuum(table, options, clock).run(progress, std::move(stop));
}

}  // namespace lakeward::delta
