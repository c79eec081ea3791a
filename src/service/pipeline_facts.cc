#include "service/pipeline_facts.h"

#include <utility>

#include "checkpoint/checkpoint_log.h"
#include "service/pipeline_builder.h"
#include "stream/accounting_json.h"

namespace lakeward::service {
namespace {

Status read_log(Workspace& workspace, const project::Pipeline& pipeline, PipelineFacts& facts,
                std::optional<std::string>& committed) {
  ASSIGN_OR_RETURN(const CheckpointFacts checkpoint, read_checkpoint(workspace, pipeline));
  facts.unfinished = checkpoint.unfinished;
  const std::optional<checkpoint::PlannedEpoch>& last = checkpoint.committed;
  if (!last) return ok_status();
  facts.epoch = last->id;
  facts.epoch_time = last->time;
  if (!last->offsets.empty()) committed = last->offsets.front();
  const Result<std::string> extra = checkpoint.log->read_commit(last->id);
  if (extra.ok() && !extra->empty()) {
    const Result<stream::Accounting> accounting = stream::accounting_from_json(*extra);
    if (accounting.ok()) facts.last_accounting = *accounting;
  }
  return ok_status();
}

Status read_source(Workspace& workspace, const project::Pipeline& pipeline,
                   const std::optional<std::string>& committed, PipelineFacts& facts) {
  if (pipeline.is_view()) return ok_status();
  ASSIGN_OR_RETURN(const auto format, build_format(workspace, pipeline));
  ASSIGN_OR_RETURN(const auto source, build_source(workspace, pipeline, format.get()));
  checkpoint::SourceLog log(workspace.checkpoint_store(),
                            checkpoint_folder(pipeline) + "/sources/0");
  RETURN_IF_ERROR(source->attach(log));
  Result<stream::SourceLag> asked = source->lag(committed);
  if (!asked.ok()) {
    // Where it is, is known without asking.
    const Result<std::string> position = committed ? source->position(*committed) : asked.status();
    if (position.ok()) facts.position = *position;
    return asked.status();
  }
  stream::SourceLag lag = std::move(*asked);
  facts.position = lag.position;
  facts.lag_records = lag.records;
  facts.lag_bytes = lag.bytes;
  facts.parts = std::move(lag.parts);
  if (facts.problem.empty()) facts.problem = std::move(lag.notice);
  return ok_status();
}

}  // namespace

Result<CheckpointFacts> read_checkpoint(Workspace& workspace, const project::Pipeline& pipeline) {
  CheckpointFacts facts;
  const std::string folder = checkpoint_folder(pipeline);
  const Result<io::ObjectInfo> exists = workspace.checkpoint_store().stat(folder + "/metadata");
  if (exists.status().code() == StatusCode::kNotFound) return facts;
  RETURN_IF_ERROR(exists.status());
  Random random = Random::from_entropy();
  ASSIGN_OR_RETURN(facts.log,
                   checkpoint::CheckpointLog::open(workspace.checkpoint_store(), folder, random));
  ASSIGN_OR_RETURN(auto recovered, facts.log->recover());
  if (!recovered) return facts;
  if (recovered->committed) {
    facts.committed = std::move(recovered->last);
  } else {
    facts.unfinished = recovered->last.id;
    facts.committed = std::move(recovered->previous);
  }
  return facts;
}

PipelineFacts pipeline_facts(Workspace& workspace, const project::Pipeline& pipeline) {
  PipelineFacts facts;
  facts.name = pipeline.name;
  facts.state = "new";
  const auto note = [&](const Status& status) {
    if (!status.ok() && facts.problem.empty()) facts.problem = status.message();
  };
  Result<std::optional<StatusFile>> process =
      read_status(workspace.checkpoint_store(), checkpoint_folder(pipeline));
  note(process.status());
  if (process.ok() && *process) {
    facts.process = std::move(**process);
    const bool ended = facts.process->state == "stopped" || facts.process->state == "failed";
    // A process that was killed had no time to say so.
    facts.state = ended || facts.process->is_alive() ? facts.process->state : "stopped";
  }
  std::optional<std::string> committed;
  note(read_log(workspace, pipeline, facts, committed));
  // A process that was killed before it first told of itself.
  if (facts.state == "new" && (facts.epoch || facts.unfinished)) facts.state = "stopped";
  // A source that was never attached would write its beginning into the checkpoint.
  if (facts.epoch) note(read_source(workspace, pipeline, committed, facts));
  return facts;
}

}  // namespace lakeward::service
