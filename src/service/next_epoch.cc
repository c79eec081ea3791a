#include "service/next_epoch.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "io/memory_store.h"
#include "service/pipeline_builder.h"
#include "service/pipeline_facts.h"
#include "stream/source.h"

namespace lakeward::service {
namespace {

Status copy(io::ObjectStore& from, const std::string& folder, io::ObjectStore& to) {
  ASSIGN_OR_RETURN(const std::vector<io::ObjectInfo> objects, from.list_recursive(folder));
  for (const io::ObjectInfo& object : objects) {
    const Result<std::string> bytes = from.get(object.path);
    // A run that goes on has removed it.
    if (bytes.status().code() == StatusCode::kNotFound) continue;
    RETURN_IF_ERROR(bytes.status());
    RETURN_IF_ERROR(to.put(object.path, *bytes));
  }
  return ok_status();
}

Result<NextEpoch> plan(stream::Source& source, const std::optional<stream::Offset>& committed,
                       std::stop_token stop) {
  // What a run believes only when it has seen it for some seconds is said at once.
  const Result<stream::SourceLag> lag = source.lag(committed);
  if (lag.status().code() == StatusCode::kCorruption) return lag.status();
  if (lag.ok() && !lag->notice.empty()) return NextEpoch{.notice = lag->notice};
  ASSIGN_OR_RETURN(
      const std::optional<stream::Offset> to,
      source.plan(committed, {.rows = 1, .bytes = 1}, stream::PlanMode::kFollow, stop));
  RETURN_IF_ERROR(source.reach());
  // What there is before the first run cannot be lost.
  if (!committed || !to) return NextEpoch{};
  stream::ReadRequest request;
  request.range = {committed, *to};
  request.stop = std::move(stop);
  ASSIGN_OR_RETURN(const stream::Input input, source.read(request));
  const auto* const reader = std::get_if<std::unique_ptr<stream::RecordReader>>(&input);
  return NextEpoch{.lost = reader == nullptr ? 0 : (*reader)->lost()};
}

}  // namespace

Result<NextEpoch> plan_next_epoch(Workspace& workspace, const project::Pipeline& pipeline,
                                  std::stop_token stop) {
  io::ObjectStore& checkpoints = workspace.checkpoint_store();
  const std::string folder = checkpoint_folder(pipeline) + "/sources/0";
  io::MemoryStore kept(checkpoints.root());
  checkpoint::SourceLog log(kept, folder);
  // First: what is copied afterwards may know of later epochs, but not of fewer.
  ASSIGN_OR_RETURN(const CheckpointFacts checkpoint, read_checkpoint(workspace, pipeline));
  RETURN_IF_ERROR(copy(checkpoints, folder, kept));
  std::optional<stream::Offset> committed;
  if (checkpoint.committed && !checkpoint.committed->offsets.empty()) {
    committed = checkpoint.committed->offsets.front();
  }
  ASSIGN_OR_RETURN(const auto format, build_format(workspace, pipeline));
  ASSIGN_OR_RETURN(const auto source, build_source(workspace, pipeline, format.get()));
  RETURN_IF_ERROR(source->attach(log));
  Result<NextEpoch> next = plan(*source, committed, std::move(stop));
  if (!next.ok()) return log.name_checkpoint(next.status());
  return next;
}

}  // namespace lakeward::service
