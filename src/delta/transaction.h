// Commits to a table, exactly once.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/status.h"
#include "delta/actions.h"
#include "delta/checkpoint.h"
#include "delta/snapshot.h"
#include "delta/table.h"

namespace lakeward::delta {

// What a table is made with, if it does not exist at the first commit.
struct NewTable {
  TableSchema schema;
  std::vector<std::string> partition_by;
  TextMap properties;  // for example {"delta.appendOnly", "true"}
  std::optional<std::string> description;
};

struct CommitRequest {
  enum class Kind {
    kAppend,       // read nothing of the table: only a change of schema or protocol is in its way
    kOverwrite,    // read the table at TableWriter::state().version: any other change is in its way
    kMaintenance,  // rearranges files (dataChange false); other writers' appends are not in its way
  };
  Kind kind = Kind::kAppend;
  std::vector<AddFile> adds;
  std::vector<RemoveFile> removes;
  std::optional<TableSchema> new_schema;  // WritePlan::schema of an evolved table
  std::optional<Txn> txn;                 // updated_ms is filled in
  std::string operation = "WRITE";
  TextMap operation_parameters;
  TextMap operation_metrics;
  std::optional<std::string> user_metadata;
};

struct CommitOutcome {
  Version version = -1;            // of the commit; the table's if there was nothing to do
  bool already_committed = false;  // the txn was in the table before: nothing was written
  // Of the checkpoint and the log's clean-up that follow some commits, if they are not handed over.
  // A failure does not harm the commit; report it.
  Status maintenance;
};

// What one commit did to the table's files.
struct FileChanges {
  Version version = -1;
  std::vector<AddFile> adds;
  std::vector<RemoveFile> removes;
};

// Writes to one table. Keeps the table's state in memory, so that a commit costs one put_if_absent,
// however long the log is. Not thread-safe; any number of writers, in any process, may write to the
// same table.
class TableWriter {
 public:
  // Opens an existing table. Errors: NotFound; Unsupported (names the feature).
  static Result<TableWriter> open(Table& table, const Clock& clock);
  // The same, or prepares a table that the first commit will make. Errors: Unsupported.
  static Result<TableWriter> open_or_create(Table& table, const NewTable& definition,
                                            const Clock& clock);

  // The table as of the last commit that this writer made or saw. Version -1: not made yet;
  // protocol, metadata and schema are what it will be made with.
  const TableState& state() const { return state_; }
  // The version of the application's last transaction, as of state().
  std::optional<int64_t> last_txn(const std::string& app_id) const;
  // Takes in what other writers have committed meanwhile.
  Status refresh();

  // From now on, a checkpoint that is due after a commit is not written by commit(): its state is
  // handed over instead, for LogUpkeep::run() beside the commits. `hand_over` must be quick.
  void hand_over_upkeep(std::function<void(const TableState&)> hand_over) {
    hand_over_ = std::move(hand_over);
  }

  // From now on, what each commit that this writer makes or sees does to the files is kept until it
  // is taken. A gap in the versions means that the log between had expired: read a snapshot.
  void keep_file_changes() { keeps_file_changes_ = true; }
  std::vector<FileChanges> take_file_changes() { return std::exchange(file_changes_, {}); }

  // Makes the files of the request part of the table, in one new version. Call it again with the
  // same request after a failure that is retriable: a request with a txn is applied once at most.
  //
  // Errors: Conflict (another writer changed what the request relies on: plan and write again);
  // Unavailable and the store's other errors; Unsupported (the table was changed into one that
  // Lakeward cannot write); InvalidArgument (removes in an append-only table).
  Result<CommitOutcome> commit(const CommitRequest& request);

 private:
  TableWriter(Table& table, const Clock& clock);
  Status apply(const CommitActions& commit, Version version);
  CommitActions actions_of(const CommitRequest& request);
  Status check_request(const CommitRequest& request) const;
  // Takes in the commits after state().version that others made. `request` is what they may be in
  // the way of. Sets `own` if one of them is the commit `txn_id`.
  Status take_in_others(const CommitRequest& request, const std::string& txn_id,
                        std::optional<Version>& own);
  // Makes sure that the version after state().version was never taken, before it is. Commits are
  // read one by one, and an old one may be gone: a writer that was idle for long could not tell.
  Status check_not_left_behind();
  Status maintain(Version version);

  Table* table_;
  const Clock* clock_;
  Random random_;
  TableState state_;
  LogUpkeep upkeep_;
  std::function<void(const TableState&)> hand_over_;
  bool keeps_file_changes_ = false;
  std::vector<FileChanges> file_changes_;
  Timestamp known_at_;  // when state_ was the latest version for certain
};

// The remove of a live file.
RemoveFile remove_of(const AddFile& file, Timestamp now);
// The removes of an overwrite: every file of the snapshot.
std::vector<RemoveFile> remove_all(const Snapshot& snapshot, Timestamp now);

}  // namespace lakeward::delta
