#include "stream/pipeline_runner.h"

#include <algorithm>
#include <utility>

#include "io/memory_store.h"
#include "stream/epoch_loop.h"

namespace lakeward::stream {
namespace {

bool makes_dead_letters(const PipelineSpec& spec) {
  if (spec.format != nullptr && spec.format->on_malformed() == format::OnMalformed::kDeadLetter) {
    return true;
  }
  return std::any_of(spec.expectations.begin(), spec.expectations.end(),
                     [](const Expectation& e) { return e.otherwise == Otherwise::kDeadLetter; });
}

}  // namespace

Result<std::unique_ptr<PipelineRunner>> PipelineRunner::make(PipelineSpec spec,
                                                             RunnerEnvironment environment) {
  const std::string name = "pipeline '" + spec.name + "'";
  if (!spec.lake_tables.empty() && spec.tables == nullptr) {
    return invalid_argument(name + " reads tables of the lake, and has no lake");
  }
  if (spec.source == nullptr && spec.lake_tables.empty()) {
    return invalid_argument(name + " is a view of no table: its query names none of the lake");
  }
  if (!spec.sinks.empty() && spec.dead_letters == nullptr && makes_dead_letters(spec)) {
    return invalid_argument(name + " may have dead letters, and no table for them");
  }
  auto loop = std::make_unique<EpochLoop>(std::move(spec), environment);
  RETURN_IF_ERROR(loop->prepare());
  return std::unique_ptr<PipelineRunner>(std::move(loop));
}

Result<Peek> EpochLoop::peek(size_t count, std::stop_token stop) {
  io::MemoryStore nowhere;
  checkpoint::SourceLog log(nowhere, "sources/0");
  const Epoch epoch{0, Timestamp::from_millis(environment_.clock.now().millis())};
  OffsetRange range;
  TableVersions versions;
  if (is_view()) {
    ASSIGN_OR_RETURN(versions, versions_now(PlanMode::kDrain));
    return executor_->peek(epoch, range, versions, count);
  }
  ASSIGN_OR_RETURN(versions, versions_now(PlanMode::kDrain));
  CHECK(!attached_, "a runner that peeks does nothing else");
  attached_ = true;
  RETURN_IF_ERROR(spec_.source->attach(log));
  const Limits limits{.rows = std::max<size_t>(count, 1)};
  ASSIGN_OR_RETURN(const std::optional<Offset> to,
                   spec_.source->plan(std::nullopt, limits, PlanMode::kDrain, stop));
  if (!to) return not_found("the source of '" + spec_.name + "' has nothing to show yet");
  range.to = *to;
  Result<Peek> shown = executor_->peek(epoch, range, versions, count);
  return shown;
}

}  // namespace lakeward::stream
