// A Delta table in an object store: its log, read.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "delta/actions.h"
#include "delta/snapshot.h"
#include "engine/session.h"
#include "io/object_store.h"

namespace lakeward::delta {

// One version of the table, for `history`.
struct HistoryEntry {
  Version version = 0;
  Timestamp timestamp;
  CommitInfo info;  // empty operation if the commit has no commitInfo
};

// Not thread-safe. The store and the database outlive it.
//
// Errors of all calls that read: NotFound (no such table or version), Corruption (the log
// contradicts itself; names the file), Unsupported (names the feature; see check_readable()), and
// the store's.
class Table {
 public:
  // `path` is the table's folder within the store, for example "silver/sensor_data". No I/O on the
  // table: it need not exist.
  static Result<Table> open(io::ObjectStore& store, std::string path, engine::Database& database);

  io::ObjectStore& store() const { return *store_; }
  engine::Session& session() const { return *session_; }
  const std::string& path() const { return path_; }
  // The table as users know it, for messages: "/data/lake/silver/sensor_data".
  const std::string& name() const { return name_; }
  // "PATH/_delta_log"
  const std::string& log_path() const { return log_path_; }
  // "PATH/_delta_log/00000000000000000007.json"
  std::string commit_path(Version version) const;

  Result<bool> exists() const;
  // The latest version, without its files.
  Result<TableState> state() const;
  // The newest version; cheaper than state() by the reading of the commits.
  Result<Version> latest_version() const;

  Result<Snapshot> snapshot() const;
  Result<Snapshot> snapshot_at(Version version) const;
  // The last version that is not younger than `time`. Errors: NotFound if the table is younger.
  Result<Snapshot> snapshot_at(Timestamp time) const;
  Result<Version> version_at(Timestamp time) const;

  // What one commit says. Errors: NotFound if there is no such commit (yet, or any more).
  Result<CommitActions> read_commit(Version version) const;
  // The oldest version whose commit is still in the log.
  Result<Version> earliest_commit() const;

  // The newest versions first, at most `limit` of them. Tables that Lakeward cannot read have a
  // history too.
  Result<std::vector<HistoryEntry>> history(size_t limit) const;

 private:
  Table() = default;

  io::ObjectStore* store_ = nullptr;
  std::unique_ptr<engine::Session> session_;
  std::string path_;
  std::string name_;
  std::string log_path_;
};

}  // namespace lakeward::delta
