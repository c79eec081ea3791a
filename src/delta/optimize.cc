#include "delta/optimize.h"

#include <map>
#include <set>
#include <unordered_set>
#include <utility>

#include "delta/log.h"
#include "delta/small_files.h"
#include "delta/values.h"
#include "engine/sql_text.h"

namespace lakeward::delta {
namespace {

// What one commit takes at most; the group that goes beyond is still in it.
constexpr uint64_t kCommitFiles = 1'000;
constexpr uint64_t kCommitBytes = 1ULL << 30;

constexpr const char* kNumber = "_lakeward_number";

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// The partitions as a relation of their typed values, numbered.
Result<std::string> partition_relation(const TableState& state,
                                       const std::vector<PartitionValues>& partitions) {
  const std::vector<std::string>& columns = state.metadata.partition_columns;
  std::string rows;
  for (size_t i = 0; i < partitions.size(); ++i) {
    std::string row = std::to_string(i);
    for (const std::string& column : columns) {
      const Field* field = find_field(state.schema, column);
      CHECK(field != nullptr, "a partition column is a column of the table");
      const auto value = partitions[i].find(field->name);
      ASSIGN_OR_RETURN(
          const std::string literal,
          partition_literal(field->type,
                            value == partitions[i].end() ? std::nullopt : value->second));
      row += ", CAST(" + literal + " AS " + engine_type(field->type) + ")";
    }
    rows += (rows.empty() ? "(" : ", (") + row + ")";
  }
  std::string names = kNumber;
  for (const std::string& column : columns) names += ", " + engine::quote_identifier(column);
  return "(VALUES " + rows + ") AS partitions(" + names + ")";
}

class Optimizer {
 public:
  Optimizer(Table& table, const OptimizeOptions& options, const Clock& clock,
            const std::function<void(const OptimizeProgress&)>& progress, std::stop_token stop)
      : table_(table), options_(options), clock_(clock), report_progress_(progress), stop_(stop) {}

  Result<OptimizeReport> run() {
    ASSIGN_OR_RETURN(TableWriter writer, TableWriter::open(table_, clock_));
    writer.keep_file_changes();
    ASSIGN_OR_RETURN(std::vector<MergeGroup> groups, plan(writer.state().version));
    report_.version = writer.state().version;
    if (options_.dry_run) {
      for (const MergeGroup& group : groups) {
        report_.totals.files_removed += group.files.size();
        report_.totals.bytes_removed += group.bytes;
        ++report_.totals.files_added;
      }
      return std::move(report_);
    }
    for (MergeGroup& group : groups) RETURN_IF_ERROR(add(writer, std::move(group)));
    RETURN_IF_ERROR(commit(writer));
    report_.version = writer.state().version;
    return std::move(report_);
  }

 private:
  Result<std::vector<MergeGroup>> plan(Version version) {
    ASSIGN_OR_RETURN(Snapshot snapshot, table_.snapshot_at(version));
    std::vector<AddFile> files = std::move(snapshot.files);
    if (!options_.where.empty()) {
      ASSIGN_OR_RETURN(files,
                       files_where(table_, snapshot.state, std::move(files), options_.where));
    }
    report_.files = files.size();
    std::vector<MergeGroup> groups = pack_small_files(files, options_.target_bytes);
    std::set<std::string> partitions;
    progress_.groups = groups.size();
    for (const MergeGroup& group : groups) {
      partitions.insert(partition_key(group.files.front().partition_values));
      progress_.files += group.files.size();
      for (const AddFile& file : group.files) live_.insert(canonical_path(file.path));
    }
    report_.partitions = partitions.size();
    return groups;
  }

  Status add(TableWriter& writer, MergeGroup group) {
    if (stop_.stop_requested()) {
      RETURN_IF_ERROR(commit(writer));
      return cancelled("stopped after " + std::to_string(progress_.files_done) + " of " +
                       std::to_string(progress_.files) + " files; run it again to go on");
    }
    if (merged_.empty()) begun_ = clock_.now();
    const size_t files = group.files.size();
    pending_files_ += files;
    pending_bytes_ += group.bytes;
    Result<MergedFile> merged = merge_files(table_, writer.state(), std::move(group), clock_);
    if (!merged.ok()) {
      // What was merged before it is good.
      RETURN_IF_ERROR(commit(writer));
      return merged.status();
    }
    merged_.push_back(std::move(merged).value());
    ++progress_.groups_done;
    progress_.files_done += files;
    if (report_progress_) report_progress_(progress_);
    if (pending_files_ < kCommitFiles && pending_bytes_ < kCommitBytes) return ok_status();
    return commit(writer);
  }

  Status commit(TableWriter& writer) {
    const auto is_live = [&](const AddFile& file) {
      for (const FileChanges& changes : writer.take_file_changes()) {
        for (const RemoveFile& remove : changes.removes) live_.erase(canonical_path(remove.path));
      }
      return live_.contains(canonical_path(file.path));
    };
    ASSIGN_OR_RETURN(
        const MergeCommit done,
        commit_merged(table_, writer, std::exchange(merged_, {}),
                      optimize_parameters(options_.where, false), is_live, begun_, clock_));
    report_.totals += done.totals;
    if (!done.maintenance.ok()) report_.maintenance = done.maintenance;
    pending_files_ = pending_bytes_ = 0;
    return ok_status();
  }

  Table& table_;
  const OptimizeOptions& options_;
  const Clock& clock_;
  const std::function<void(const OptimizeProgress&)>& report_progress_;
  std::stop_token stop_;
  OptimizeReport report_;
  OptimizeProgress progress_;
  std::unordered_set<std::string> live_;  // of the files to merge
  std::vector<MergedFile> merged_;        // and not committed yet
  uint64_t pending_files_ = 0;
  uint64_t pending_bytes_ = 0;
  Timestamp begun_;
};

}  // namespace

Result<std::vector<AddFile>> files_where(const Table& table, const TableState& state,
                                         std::vector<AddFile> files, const std::string& where) {
  const std::vector<std::string>& columns = state.metadata.partition_columns;
  if (columns.empty()) {
    return invalid_argument("table " + table.name() +
                            " has no partitions; leave --where out to take the whole table");
  }
  std::map<std::string, size_t> numbers;
  std::vector<PartitionValues> partitions;
  for (const AddFile& file : files) {
    if (numbers.emplace(partition_key(file.partition_values), partitions.size()).second) {
      partitions.push_back(file.partition_values);
    }
  }
  if (partitions.empty()) partitions.emplace_back();  // the predicate is checked all the same
  ASSIGN_OR_RETURN(const std::string relation, partition_relation(state, partitions));
  const auto chosen =
      table.session().query("SELECT " + std::string(kNumber) + " FROM (SELECT * FROM " + relation +
                            "\n) AS partitions WHERE (" + where + "\n)");
  if (!chosen.ok()) {
    return invalid_argument("the predicate '" + where +
                            "' cannot be used: it may name only the columns that the table is "
                            "partitioned by (" +
                            joined(columns) + ")\n  " + chosen.status().message());
  }
  std::vector<bool> wanted(partitions.size());
  for (size_t i = 0; i < chosen->size(); ++i) {
    wanted[static_cast<size_t>(chosen->integer(i, 0))] = true;
  }
  std::erase_if(files, [&](const AddFile& file) {
    return !wanted[numbers.at(partition_key(file.partition_values))];
  });
  return files;
}

Result<OptimizeReport> optimize(Table& table, const OptimizeOptions& options, const Clock& clock,
                                const std::function<void(const OptimizeProgress&)>& progress,
                                std::stop_token stop) {
  if (options.target_bytes < 1) return invalid_argument("the target size must not be 0");
  return Optimizer(table, options, clock, progress, stop).run();
}

}  // namespace lakeward::delta
