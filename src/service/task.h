// One pipeline of a run: built, observed, reported.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/random.h"
#include "service/runner.h"
#include "stream/pipeline_runner.h"

namespace lakeward::service {

// Built and run by one thread; report() and interrupt() may be called from others.
class Runner::Task final : public stream::Observer {
 public:
  Task(Workspace& workspace, ScheduledPipeline scheduled);
  ~Task() override;

  const project::Pipeline& pipeline() const { return *scheduled_.pipeline; }
  const ScheduledPipeline& scheduled() const { return scheduled_; }
  void on_commit(std::function<void()> call) { on_commit_ = std::move(call); }
  using SteadyTime = std::chrono::steady_clock::time_point;
  // For runs that have an end: an epoch that is out of memory several times, though nobody else in
  // the process has used any meanwhile (`others_worked` says so of the time since), fails instead
  // of being tried again for ever.
  void end_without_memory(std::function<bool(SteadyTime)> others_worked) {
    others_worked_ = std::move(others_worked);
  }
  // Whether it has worked at any time since then, and was not only waiting to try again.
  bool has_worked_since(SteadyTime then) const;

  // Asks for the reader's schema, if the pipeline takes it from a registry that was away before.
  // Errors: those of resolve_reader_schema().
  Status resolve();
  // What it waits for, to be tried again: for the report.
  void note_waiting(const Status& outcome);

  // Opens the checkpoint, source and sinks, as a pipeline or as the replay of its dead letters.
  Status build(bool replay = false);
  // Whether the status file is ours to write: build() has succeeded, and with it the lock was ours;
  // or the pipeline waits to begin its first run.
  bool owns_status() const;
  stream::PipelineRunner& runner() { return *runner_; }
  // Lets the checkpoint go, so that another process may run the pipeline; the report stays.
  void close();

  void end(const Status& outcome);
  void skip(const std::string& blocked_by);
  PipelineReport report() const;
  // Counts this run's dead letters by reason.
  void count_dead_letters();

  void attempting() override;
  void retrying(const Status& error, uint64_t attempt, Duration delay) override;
  void epoch_finished(const stream::EpochReport& report) override;
  bool gives_up(const Status& error) override;

 private:
  Workspace& workspace_;
  ScheduledPipeline scheduled_;
  Random random_;
  std::function<void()> on_commit_;
  std::function<bool(SteadyTime)> others_worked_;  // none: is never out of memory for good
  int out_of_memory_ = 0;                          // failures since the last epoch
  std::optional<project::Pipeline> resolved_;      // the pipeline, once resolve() has completed it

  mutable std::mutex mutex_;  // guards what follows
  PipelineReport report_;
  std::optional<stream::Epoch> first_epoch_;  // of this run
  std::unique_ptr<stream::PipelineRunner> runner_;
  bool built_ = false;
  bool awaits_schema_ = false;
  bool works_ = false;  // since work_changed_; else it waits, or has not begun
  SteadyTime work_changed_{};
};

}  // namespace lakeward::service
