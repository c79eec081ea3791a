// Checkpoints of a table's log, and the removal of what they replace.
#pragma once

#include <optional>

#include "base/clock.h"
#include "base/status.h"
#include "delta/snapshot.h"
#include "delta/table.h"

namespace lakeward::delta {

// How long removed files stay for readers of older versions: delta.deletedFileRetentionDuration, by
// default 7 days. Errors: InvalidArgument for a text that is not a duration.
Result<Duration> deleted_file_retention(const Metadata& metadata);

// Whether a checkpoint is due after the commit of `version` (delta.checkpointInterval, 10).
bool checkpoint_due(const Metadata& metadata, Version version);

// Writes the classic checkpoint of `state.version`, then _last_checkpoint. The files of the
// previous checkpoint pass through the engine as columns, so that the cost is a copy of a Parquet
// file and not an object a file. Tombstones older than delta.deletedFileRetentionDuration are
// dropped. Errors: Unsupported (delta.checkpoint.writeStatsAsStruct), and those of store and
// engine.
Status write_checkpoint(const Table& table, const TableState& state, Timestamp now);

// Removes commits and checkpoints that are older than delta.logRetentionDuration and before the
// newest checkpoint that is old enough, unless delta.enableExpiredLogCleanup is false.
// Delta protocol, "Metadata Cleanup".
Status clean_up_log(const Table& table, const TableState& state, Timestamp now);

// Keeps one table's log short: the checkpoint of each state, and the clean-up with the first one of
// each hour, for it lists the whole log. Not thread-safe.
class LogUpkeep {
 public:
  // Begins from the newest of state.checkpoint and the checkpoints that it has written. Errors:
  // those of write_checkpoint() and clean_up_log(), saying which.
  Status run(const Table& table, TableState state, Timestamp now);
  // The version of the last checkpoint that it has written.
  std::optional<Version> checkpoint() const { return checkpoint_; }

 private:
  std::optional<Version> checkpoint_;
  std::optional<Timestamp> last_clean_up_;
};

}  // namespace lakeward::delta
