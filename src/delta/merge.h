// Merging files of a table: written, checked, and committed beside other writers.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "delta/actions.h"
#include "delta/small_files.h"
#include "delta/snapshot.h"
#include "delta/table.h"
#include "delta/transaction.h"

namespace lakeward::delta {

struct MergedFile {
  MergeGroup group;
  AddFile add;
  uint64_t rows = 0;
};

// Reads the files of a group and writes their rows as one durable file in the same partition, with
// the columns of `state` and with statistics. The rows pass through the engine as a stream. Nothing
// is committed.
//
// Errors: Internal if not exactly the rows that were in the files are in the new one; Corruption if
// a file is gone; Unsupported for a table without a column to write; those of store and engine.
Result<MergedFile> merge_files(const Table& table, const TableState& state, MergeGroup group,
                               const Clock& clock);

// Removes files that were merged and will not be committed, as far as possible.
void discard_merged(const Table& table, const std::vector<MergedFile>& merged);

// What merging came to; sums over any number of commits.
struct MergeTotals {
  uint64_t commits = 0;
  uint64_t files_removed = 0;
  uint64_t files_added = 0;
  uint64_t bytes_removed = 0;
  uint64_t bytes_added = 0;
  uint64_t rows = 0;            // that were written again
  uint64_t groups_dropped = 0;  // because another writer changed the table meanwhile
  MergeTotals& operator+=(const MergeTotals& other);
};

struct MergeCommit {
  MergeTotals totals;
  Status maintenance;  // CommitOutcome::maintenance
};

// Commits merged files in one version: operation OPTIMIZE, dataChange false, no txn. `live` tells
// whether a file is still part of the table, as of writer.state(); it is asked when another
// writer's commit is in the way, and groups that lost a file are dropped and discarded. When the
// schema or the protocol was changed, all are. Errors: as TableWriter::commit(), but Conflict is no
// error: the totals say what was dropped.
Result<MergeCommit> commit_merged(const Table& table, TableWriter& writer,
                                  std::vector<MergedFile> merged, const TextMap& parameters,
                                  const std::function<bool(const AddFile&)>& live, Timestamp begun,
                                  const Clock& clock);

// What OPTIMIZE says of itself in the log. `predicate` may be empty.
TextMap optimize_parameters(const std::string& predicate, bool automatic);

}  // namespace lakeward::delta
