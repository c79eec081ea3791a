#include "service/task.h"

#include <utility>

#include "service/letter_counts.h"
#include "service/pipeline_builder.h"
#include "service/reader_schemas.h"

namespace lakeward::service {
namespace {

// The first try may share the memory with the commit of the epoch before.
constexpr int kMemoryTries = 3;

}  // namespace

Runner::Task::Task(Workspace& workspace, ScheduledPipeline scheduled)
    : workspace_(workspace), scheduled_(std::move(scheduled)), random_(Random::from_entropy()) {
  report_.name = pipeline().name;
}

Runner::Task::~Task() = default;

Status Runner::Task::resolve() {
  if (resolved_ || !pipeline().decode || pipeline().decode->avro.unresolved.empty()) {
    return ok_status();
  }
  const project::AvroSettings& avro = pipeline().decode->avro;
  const auto begins_to_wait = [&] {
    const std::lock_guard lock(mutex_);
    return !std::exchange(awaits_schema_, true) && avro.awaits_registry;
  };
  // Said before it is asked again, which may take its time.
  if (begins_to_wait()) note_waiting(unavailable(avro.unresolved));
  project::Pipeline completed = pipeline();
  const Status found = resolve_reader_schema(completed, workspace_.checkpoint_store());
  if (!found.ok()) {
    return found.retriable() ? found : found.with_context(completed.decode->location.to_string());
  }
  resolved_ = std::move(completed);
  const std::lock_guard lock(mutex_);
  awaits_schema_ = false;
  report_.status = {};
  return ok_status();
}

void Runner::Task::note_waiting(const Status& outcome) {
  const std::lock_guard lock(mutex_);
  stream::PipelineStatus& status = report_.status;
  const Timestamp now = workspace_.clock().now();
  status.state = stream::PipelineState::kRetrying;
  if (status.retries++ == 0) status.retrying_since = now;
  status.last_error = outcome.message();
  status.last_error_time = now;
}

Status Runner::Task::build(bool replay) {
  RETURN_IF_ERROR(resolve());
  const project::Pipeline& complete = resolved_ ? *resolved_ : pipeline();
  ASSIGN_OR_RETURN(stream::PipelineSpec spec, replay
                                                  ? build_replay(workspace_, complete, random_)
                                                  : build_pipeline(workspace_, complete, random_));
  ASSIGN_OR_RETURN(auto runner,
                   stream::PipelineRunner::make(
                       std::move(spec), {workspace_.clock(), random_, workspace_.database(), this,
                                         workspace_.project().memory_bytes}));
  const std::lock_guard lock(mutex_);
  runner_ = std::move(runner);
  built_ = true;
  return ok_status();
}

bool Runner::Task::owns_status() const {
  const std::lock_guard lock(mutex_);
  return built_ || awaits_schema_;
}

void Runner::Task::close() {
  std::unique_ptr<stream::PipelineRunner> closing;
  const std::lock_guard lock(mutex_);
  if (runner_ != nullptr) report_.status = runner_->status();
  closing = std::move(runner_);
}

void Runner::Task::end(const Status& outcome) {
  close();
  const std::lock_guard lock(mutex_);
  // A stop that was asked for is no failure.
  const bool stopped = outcome.code() == StatusCode::kCancelled;
  const bool failed = !outcome.ok() && !stopped;
  const bool retrying = !failed && report_.status.retries > 0;
  report_.end = failed     ? PipelineReport::End::kFailed
                : retrying ? PipelineReport::End::kRetrying
                : stopped  ? PipelineReport::End::kStopped
                           : PipelineReport::End::kDone;
  works_ = false;
  work_changed_ = std::chrono::steady_clock::now();
  report_.error = failed     ? outcome
                  : retrying ? unavailable(report_.status.last_error)
                             : ok_status();
  report_.status.state = failed ? stream::PipelineState::kFailed : stream::PipelineState::kStopped;
  if (failed) {
    report_.status.last_error = outcome.message();
    report_.status.last_error_time = workspace_.clock().now();
  }
}

void Runner::Task::skip(const std::string& blocked_by) {
  const std::lock_guard lock(mutex_);
  report_.end = PipelineReport::End::kSkipped;
  report_.blocked_by = blocked_by;
}

PipelineReport Runner::Task::report() const {
  const std::lock_guard lock(mutex_);
  PipelineReport report = report_;
  if (runner_ != nullptr) report.status = runner_->status();
  return report;
}

void Runner::Task::attempting() {
  const std::lock_guard lock(mutex_);
  works_ = true;
  work_changed_ = std::chrono::steady_clock::now();
}

void Runner::Task::retrying(const Status&, uint64_t, Duration) {
  const std::lock_guard lock(mutex_);
  works_ = false;
  work_changed_ = std::chrono::steady_clock::now();
}

bool Runner::Task::has_worked_since(SteadyTime then) const {
  const std::lock_guard lock(mutex_);
  return works_ || work_changed_ > then;
}

bool Runner::Task::gives_up(const Status& error) {
  if (error.code() != StatusCode::kOutOfMemory) {
    out_of_memory_ = 0;
    return false;
  }
  SteadyTime begun;
  {
    const std::lock_guard lock(mutex_);
    begun = work_changed_;
  }
  if (others_worked_ && !others_worked_(begun)) ++out_of_memory_;
  return out_of_memory_ >= kMemoryTries;
}

void Runner::Task::epoch_finished(const stream::EpochReport& report) {
  out_of_memory_ = 0;
  {
    const std::lock_guard lock(mutex_);
    if (!first_epoch_) first_epoch_ = report.epoch;
    report_.busy += report.took;
    report_.output_bytes += report.output_bytes;
  }
  if (on_commit_) on_commit_();
}

void Runner::Task::count_dead_letters() {
  if (report_.status.total.dead_lettered == 0 || !first_epoch_) return;
  const Result<LetterCounts> counts = letters_of_run(workspace_, pipeline(), *first_epoch_);
  if (counts.ok()) report_.dead_letters = *counts;
}

}  // namespace lakeward::service
