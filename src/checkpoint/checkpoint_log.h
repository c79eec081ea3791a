// How far a pipeline has come: the write-ahead log of its epochs, in Apache Spark's layout.
//
//   metadata       the query's id
//   offsets/N      before epoch N is in any sink: where it ends in each source, and its time
//   commits/N      after epoch N is in every sink
//   sources/I/…    the SourceLog of source I
//   _lakeward/lock see PipelineLock
//
// Format: docs/checkpoint.md. Our own additions are keys named "lakeward", which Spark ignores.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/status.h"
#include "checkpoint/pipeline_lock.h"
#include "checkpoint/source_log.h"
#include "io/object_store.h"

namespace lakeward::checkpoint {

// One epoch as offsets/N has it.
struct PlannedEpoch {
  int64_t id = 0;
  Timestamp time;  // whole milliseconds
  // Where it ends in each source, a line of JSON each; nullopt for a source that had nothing yet.
  std::vector<std::optional<std::string>> offsets;
  std::string extra;  // a JSON object of ours ("" for none): what else must be the same in a repeat
};

struct Recovered {
  PlannedEpoch last;
  bool committed = false;  // `last` is in the sinks
  std::optional<PlannedEpoch>
      previous;  // where an unfinished `last` begins; nullopt if it is epoch 0
};

// Not thread-safe.
class CheckpointLog {
 public:
  // Reads the checkpoint in `folder` of the store, or makes one with a new query id. `store` must
  // outlive it. Errors: Corruption (not a checkpoint, or a damaged one), Unavailable.
  static Result<std::unique_ptr<CheckpointLog>> open(io::ObjectStore& store, std::string folder,
                                                     Random& random);

  // Keeps other processes of this machine out until this object dies. Errors: Conflict, naming the
  // holder.
  Status lock();

  // A UUID: the query's id in Spark, and the appId of Delta's txn actions.
  const std::string& query_id() const { return query_id_; }
  const std::string& folder() const { return folder_; }
  // The log of source `index`; lives as long as this object.
  SourceLog& source_log(size_t index);

  // The last epoch that was planned, or nullopt in a new checkpoint. Errors: Corruption; Conflict
  // if another process has planned epochs since this object was last asked. After lock(), files of
  // old epochs that a crash has left are removed; else nothing is written.
  Result<std::optional<Recovered>> recover();
  // Makes the plan of the next epoch durable. Errors: Conflict if another process has planned it.
  Status begin(const PlannedEpoch& epoch);
  // Notes that the epoch is in every sink; `extra` is a JSON object of ours, or "". Forgets what is
  // older than kKeptEpochs. Called again for the same epoch, it changes nothing.
  Status finish(int64_t epoch, const std::string& extra);
  // Errors: NotFound if it was never planned or is forgotten.
  Result<PlannedEpoch> read(int64_t epoch);
  // The `extra` of finish(), or "" if it had none. Errors: NotFound.
  Result<std::string> read_commit(int64_t epoch);

  static constexpr int64_t kKeptEpochs = 100;

 private:
  CheckpointLog(io::ObjectStore& store, std::string folder)
      : store_(store), folder_(std::move(folder)) {}
  std::string path(const char* folder, int64_t epoch) const;
  Result<std::vector<int64_t>> epochs_in(const char* folder);
  Status forget_old(int64_t last);
  Status planned_elsewhere(int64_t epoch) const;

  io::ObjectStore& store_;
  std::string folder_;
  std::string query_id_;
  std::string metadata_line_;          // of the last offsets file; empty in a new checkpoint
  std::optional<int64_t> last_known_;  // epoch, planned by others or tried by us; -1: none
  std::unique_ptr<PipelineLock> lock_;
  std::vector<std::unique_ptr<SourceLog>> source_logs_;
};

}  // namespace lakeward::checkpoint
