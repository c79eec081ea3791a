#include "service/runner.h"

#include <algorithm>
#include <thread>

#include "service/drain.h"
#include "service/pipeline_builder.h"
#include "service/status_file.h"
#include "service/task.h"

namespace lakeward::service {
namespace {

constexpr Duration kStatusPeriod{2'000'000};  // of status.json
constexpr Duration kBuildRetry{5'000'000};    // until what a pipeline needs is tried again

}  // namespace

std::string_view to_string(PipelineReport::End end) {
  switch (end) {
    case PipelineReport::End::kRunning:
      return "running";
    case PipelineReport::End::kDone:
      return "done";
    case PipelineReport::End::kStopped:
      return "stopped";
    case PipelineReport::End::kRetrying:
      return "retrying";
    case PipelineReport::End::kFailed:
      return "failed";
    case PipelineReport::End::kSkipped:
      return "skipped";
  }
  return "unknown";
}

Status RunReport::failure() const {
  Status first;
  for (const PipelineReport& pipeline : pipelines) {
    if (pipeline.end != PipelineReport::End::kFailed) continue;
    if (pipeline.error.code() == StatusCode::kExpectationFailed) return pipeline.error;
    if (first.ok()) first = pipeline.error;
  }
  return first;
}

// Tells the caller and other processes how the run stands, now and then.
class Runner::Reporter {
 public:
  explicit Reporter(Runner& runner)
      : runner_(runner), thread_([this](std::stop_token stop) { loop(stop); }) {}

  // Says it once more, with everything ended.
  ~Reporter() {
    thread_.request_stop();
    thread_.join();
    write_status_files();
  }

 private:
  void loop(std::stop_token stop) {
    const Duration period = std::min(runner_.progress_.period, kStatusPeriod);
    Timestamp written;
    while (runner_.workspace_.clock().wait(period, stop)) {
      if (runner_.progress_.report) runner_.progress_.report(runner_.report());
      const Timestamp now = runner_.workspace_.clock().now();
      if (now - written < kStatusPeriod) continue;
      written = now;
      write_status_files();
    }
  }

  // A status that cannot be written must not stop a pipeline that can work.
  void write_status_files() {
    for (const auto& task : runner_.tasks_) {
      const PipelineReport report = task->report();
      // Not of a pipeline that another process runs: its file is that process's.
      if (!task->owns_status() || report.status.state == stream::PipelineState::kNew) continue;
      const std::string printed = print_status(report);
      std::string& last = last_[report.name];
      if (printed == last) continue;
      const Status status =
          write_status(runner_.workspace_.checkpoint_store(), checkpoint_folder(task->pipeline()),
                       printed, runner_.workspace_.clock().now());
      if (status.ok()) last = printed;
    }
  }

  Runner& runner_;
  std::map<std::string, std::string> last_;
  std::jthread thread_;
};

Runner::Runner(Workspace& workspace, std::vector<ScheduledPipeline> pipelines, Progress progress)
    : workspace_(workspace), progress_(std::move(progress)) {
  for (ScheduledPipeline& pipeline : pipelines) {
    tasks_.push_back(std::make_unique<Task>(workspace_, std::move(pipeline)));
    const std::string& name = tasks_.back()->pipeline().name;
    tasks_.back()->on_commit([this, name] { note_commit(name); });
  }
}

Runner::~Runner() = default;

RunReport Runner::report() const {
  RunReport report;
  for (const auto& task : tasks_) report.pipelines.push_back(task->report());
  return report;
}

RunReport Runner::finish(Timestamp begin) {
  for (const auto& task : tasks_) task->count_dead_letters();
  RunReport report = this->report();
  report.took = workspace_.clock().now() - begin;
  return report;
}

RunReport Runner::drain(std::stop_token stop) {
  const Timestamp begin = workspace_.clock().now();
  {
    const Reporter reporter(*this);
    Drain(*this, stop).run();
  }
  return finish(begin);
}

RunReport Runner::follow(std::stop_token stop) {
  const Timestamp begin = workspace_.clock().now();
  {
    const Reporter reporter(*this);
    std::vector<std::thread> threads;
    for (const auto& task : tasks_) {
      threads.emplace_back([this, &task, stop] { follow_one(*task, stop); });
    }
    for (std::thread& thread : threads) thread.join();
  }
  return finish(begin);
}

Status Runner::resolve(Task& task, std::stop_token stop) {
  while (true) {
    const Status outcome = task.resolve();
    if (!outcome.retriable()) return outcome;
    task.note_waiting(outcome);
    if (!workspace_.clock().wait(kBuildRetry, stop)) return cancelled("stopped before it began");
  }
}

void Runner::follow_one(Task& task, std::stop_token stop) {
  Status outcome = task.build();
  while (outcome.retriable()) {
    task.note_waiting(outcome);
    outcome = workspace_.clock().wait(kBuildRetry, stop) ? task.build()
                                                         : cancelled("stopped before it began");
  }
  if (outcome.ok()) outcome = run_triggered(task, stop);
  // Whoever follows is done when told to stop.
  task.end(outcome.code() == StatusCode::kCancelled ? ok_status() : outcome);
}

Status Runner::run_triggered(Task& task, std::stop_token stop) {
  const project::Trigger& trigger = task.pipeline().trigger;
  switch (trigger.kind) {
    case project::Trigger::Kind::kEvery:
      return task.runner().run(trigger.every, stop);
    case project::Trigger::Kind::kOnce:
      return task.runner().drain(stop);
    case project::Trigger::Kind::kAfter:
      break;
  }
  // At the beginning, and then after each commit of those that it waits for.
  std::map<std::string, uint64_t> seen;
  while (true) {
    {
      std::unique_lock lock(commits_mutex_);
      for (const std::string& name : trigger.after) seen[name] = commits_[name];
    }
    RETURN_IF_ERROR(task.runner().drain(stop));
    std::unique_lock lock(commits_mutex_);
    const auto something_new = [&] {
      return std::any_of(trigger.after.begin(), trigger.after.end(),
                         [&](const std::string& name) { return commits_[name] != seen[name]; });
    };
    if (!commits_changed_.wait(lock, stop, something_new)) return ok_status();
  }
}

void Runner::note_commit(const std::string& pipeline) {
  {
    const std::lock_guard lock(commits_mutex_);
    ++commits_[pipeline];
  }
  commits_changed_.notify_all();
}

PipelineReport replay(Workspace& workspace, const project::Pipeline& pipeline,
                      std::stop_token stop) {
  Runner::Task task(workspace, {&pipeline, {}});
  task.end_without_memory([](Runner::Task::SteadyTime) { return false; });
  Status outcome = task.build(true);
  if (outcome.ok()) outcome = task.runner().drain(stop);
  task.end(outcome);
  task.count_dead_letters();
  PipelineReport report = task.report();
  if (outcome.code() == StatusCode::kCancelled) report.error = outcome;
  return report;
}

}  // namespace lakeward::service
