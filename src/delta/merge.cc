#include "delta/merge.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/units.h"
#include "delta/data_writer.h"
#include "delta/scan.h"
#include "delta/values.h"
#include "engine/parquet_writer.h"

namespace lakeward::delta {
namespace {

// Another writer may be in the way this often, each time of another group.
constexpr int kMaxAttempts = 20;

// The folder of a file within the table, decoded: "date=2026-01-01", or "" for the table's own and
// for files that are somewhere else.
std::string folder_of(const AddFile& file) {
  const std::string path = decode_path(file.path);
  if (path.starts_with('/') || path.find(':') < path.find('/')) return "";
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

// The columns that data files hold.
std::vector<std::string> stored_columns(const TableState& state) {
  const std::vector<std::string>& partition = state.metadata.partition_columns;
  std::vector<std::string> columns;
  for (const Field& field : state.schema) {
    const bool in_path = std::any_of(
        partition.begin(), partition.end(),
        [&](const std::string& name) { return lower_name(name) == lower_name(field.name); });
    if (!in_path && field.type.primitive != "void") columns.push_back(field.name);
  }
  return columns;
}

Result<uint64_t> count_rows(const Table& table, const std::string& select) {
  ASSIGN_OR_RETURN(const engine::Rows rows,
                   table.session().query("SELECT count(*) FROM (" + select + ")"));
  return static_cast<uint64_t>(rows.integer(0, 0));
}

std::string percentile(const std::vector<int64_t>& sorted, size_t hundredths) {
  return std::to_string(sorted[(sorted.size() - 1) * hundredths / 100]);
}

TextMap metrics_of(const std::vector<MergedFile>& merged, const MergeTotals& totals,
                   Duration took) {
  std::vector<int64_t> sizes;
  for (const MergedFile& file : merged) sizes.push_back(file.add.size);
  std::sort(sizes.begin(), sizes.end());
  return {{"numAddedFiles", std::to_string(totals.files_added)},
          {"numRemovedFiles", std::to_string(totals.files_removed)},
          {"numAddedBytes", std::to_string(totals.bytes_added)},
          {"numRemovedBytes", std::to_string(totals.bytes_removed)},
          {"numDeletionVectorsRemoved", "0"},
          {"minFileSize", percentile(sizes, 0)},
          {"p25FileSize", percentile(sizes, 25)},
          {"p50FileSize", percentile(sizes, 50)},
          {"p75FileSize", percentile(sizes, 75)},
          {"maxFileSize", percentile(sizes, 100)},
          {"numCopiedRows", std::to_string(totals.rows)},
          {"executionTimeMs", std::to_string(took.count() / 1000)}};
}

MergeTotals totals_of(const std::vector<MergedFile>& merged) {
  MergeTotals totals;
  for (const MergedFile& file : merged) {
    totals.files_removed += file.group.files.size();
    totals.bytes_removed += file.group.bytes;
    totals.bytes_added += static_cast<uint64_t>(file.add.size);
    totals.rows += file.rows;
    ++totals.files_added;
  }
  return totals;
}

CommitRequest request_of(const std::vector<MergedFile>& merged, const TextMap& parameters,
                         Timestamp begun, Timestamp now) {
  CommitRequest request;
  request.kind = CommitRequest::Kind::kMaintenance;
  for (const MergedFile& file : merged) {
    for (const AddFile& input : file.group.files) request.removes.push_back(remove_of(input, now));
    request.adds.push_back(file.add);
  }
  request.operation = "OPTIMIZE";
  request.operation_parameters = parameters;
  request.operation_metrics = metrics_of(merged, totals_of(merged), now - begun);
  return request;
}

// Takes out what cannot be committed any more; `all`: everything.
uint64_t drop(const Table& table, std::vector<MergedFile>& merged, bool all,
              const std::function<bool(const AddFile&)>& live) {
  const auto lost =
      std::stable_partition(merged.begin(), merged.end(), [&](const MergedFile& file) {
        return !all && std::all_of(file.group.files.begin(), file.group.files.end(), live);
      });
  const std::vector<MergedFile> dropped(std::make_move_iterator(lost),
                                        std::make_move_iterator(merged.end()));
  merged.erase(lost, merged.end());
  discard_merged(table, dropped);
  return dropped.size();
}

}  // namespace

MergeTotals& MergeTotals::operator+=(const MergeTotals& other) {
  commits += other.commits;
  files_removed += other.files_removed;
  files_added += other.files_added;
  bytes_removed += other.bytes_removed;
  bytes_added += other.bytes_added;
  rows += other.rows;
  groups_dropped += other.groups_dropped;
  return *this;
}

Result<MergedFile> merge_files(const Table& table, const TableState& state, MergeGroup group,
                               const Clock& clock) {
  ScanOptions columns{.columns = stored_columns(state)};
  if (columns.columns.empty()) {
    return unsupported("the files of table " + table.name() +
                       " hold no columns of its schema; there is nothing to merge");
  }
  ASSIGN_OR_RETURN(const Scan scan, scan_files(table, state, group.files, columns));
  const std::string folder = folder_of(group.files.front());
  const std::string place = table.path() + (folder.empty() ? "" : "/" + folder);
  ASSIGN_OR_RETURN(const std::filesystem::path local, table.store().stage(place));
  const DataWriterOptions options = data_writer_options(state.metadata);
  engine::ParquetOptions parquet;
  parquet.compression = options.compression;
  parquet.columns = columns.columns;
  ASSIGN_OR_RETURN(const std::vector<engine::WrittenFile> files,
                   engine::write_parquet(table.session(), scan.sql, local, parquet));
  MergedFile merged{std::move(group), {}, files.empty() ? 0 : files.front().rows};
  uint64_t expected = 0;
  if (merged.group.rows) {
    expected = *merged.group.rows;
  } else {
    ASSIGN_OR_RETURN(expected, count_rows(table, scan.sql));
  }
  AddFile& add = merged.add;
  if (!files.empty()) {
    const engine::WrittenFile& file = files.front();
    const std::string name = file.path.filename().string();
    add.path = encode_path((folder.empty() ? "" : folder + "/") + name);
    add.partition_values = merged.group.files.front().partition_values;
    add.size = static_cast<int64_t>(file.bytes);
    add.modified_ms = clock.now().millis();
    add.data_change = false;
    add.stats = statistics_json(file, state.schema, options.partition_by, options.indexed_columns);
    const Status published = table.store().publish(place + "/" + name);
    if (!published.ok()) {
      discard_merged(table, {merged});
      return published;
    }
  }
  if (files.size() == 1 && merged.rows == expected) return merged;
  if (!files.empty()) discard_merged(table, {merged});
  return internal_error("table " + table.name() + ": " + std::to_string(merged.group.files.size()) +
                        " files, the first of them " + merged.group.files.front().path + ", have " +
                        format_count(expected) + " rows by their statistics, and " +
                        format_count(merged.rows) +
                        " when they are read; they are left as they are");
}

void discard_merged(const Table& table, const std::vector<MergedFile>& merged) {
  for (const MergedFile& file : merged) {
    // Nothing refers to it: what cannot be removed now is vacuum's.
    (void)table.store().remove(table.path() + "/" + decode_path(file.add.path));
  }
}

Result<MergeCommit> commit_merged(const Table& table, TableWriter& writer,
                                  std::vector<MergedFile> merged, const TextMap& parameters,
                                  const std::function<bool(const AddFile&)>& live, Timestamp begun,
                                  const Clock& clock) {
  MergeCommit done;
  for (int attempt = 0; attempt < kMaxAttempts && !merged.empty(); ++attempt) {
    const Protocol protocol = writer.state().protocol;
    const Metadata metadata = writer.state().metadata;
    const Result<CommitOutcome> outcome =
        writer.commit(request_of(merged, parameters, begun, clock.now()));
    if (outcome.ok()) {
      const uint64_t dropped = done.totals.groups_dropped;
      done.totals = totals_of(merged);
      done.totals.groups_dropped = dropped;
      done.totals.commits = 1;
      done.maintenance = outcome->maintenance;
      return done;
    }
    // After any other failure the commit may have been made: its files stay.
    if (outcome.status().code() != StatusCode::kConflict) return outcome.status();
    const bool changed = writer.state().protocol != protocol || writer.state().metadata != metadata;
    done.totals.groups_dropped += drop(table, merged, changed, live);
  }
  done.totals.groups_dropped += drop(table, merged, true, live);
  return done;
}

TextMap optimize_parameters(const std::string& predicate, bool automatic) {
  nlohmann::json predicates = nlohmann::json::array();
  if (!predicate.empty()) predicates.push_back(predicate);
  return {{"predicate", predicates.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)},
          {"zOrderBy", "[]"},
          {"clusterBy", "[]"},
          {"auto", automatic ? "true" : "false"}};
}

}  // namespace lakeward::delta
