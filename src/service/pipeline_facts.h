// What people want to know of a pipeline, from its checkpoint and its source.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint_log.h"
#include "service/status_file.h"
#include "service/workspace.h"
#include "stream/source.h"

namespace lakeward::service {

// What a checkpoint says of epochs.
struct CheckpointFacts {
  std::unique_ptr<checkpoint::CheckpointLog> log;     // null if there is no checkpoint yet
  std::optional<checkpoint::PlannedEpoch> committed;  // the last one
  std::optional<int64_t> unfinished;                  // planned behind it
};

// Reads only. Errors: those of CheckpointLog::recover().
Result<CheckpointFacts> read_checkpoint(Workspace& workspace, const project::Pipeline& pipeline);

struct PipelineFacts {
  std::string name;
  std::string state;  // of the process that runs it; "stopped", "failed" or "new" if none does
  std::optional<int64_t> epoch;  // the last committed one
  std::optional<Timestamp> epoch_time;
  std::optional<int64_t> unfinished;   // planned, not committed: the next run repeats it
  stream::Accounting last_accounting;  // of `epoch`
  std::optional<StatusFile> process;   // that runs it, or ran it last
  std::string position;
  std::optional<uint64_t> lag_records;
  std::optional<uint64_t> lag_bytes;
  std::vector<stream::PartLag> parts;
  std::string problem;  // why something of this is not known
};

// Reads only: no checkpoint is made, no lock taken.
PipelineFacts pipeline_facts(Workspace& workspace, const project::Pipeline& pipeline);

}  // namespace lakeward::service
