// Schedules a project's pipelines.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "service/workspace.h"
#include "stream/pipeline_runner.h"

namespace lakeward::service {

// A pipeline in the order of a plan: after those whose tables it reads.
struct ScheduledPipeline {
  const project::Pipeline* pipeline = nullptr;
  std::vector<std::string> reads_from;  // pipelines of the same run that write what it reads
  // Those that fill a topic or folder that it reads: it runs after them, but not only if they are
  // well.
  std::vector<std::string> fed_by = {};
};

// How one pipeline's part of a run ended, or how it stands.
struct PipelineReport {
  enum class End {
    kRunning,
    kDone,      // drained, or had run as long as it was to
    kStopped,   // before its source was drained, because that was asked for
    kRetrying,  // stopped while it was trying again after a failure: `error` says which
    kFailed,    // `error` says why
    kSkipped,   // not started, because `blocked_by` failed
  };
  std::string name;
  End end = End::kRunning;
  Status error;
  std::string blocked_by;
  stream::PipelineStatus status;
  Duration busy{0};           // spent in epochs
  uint64_t output_bytes = 0;  // that the sinks wrote
  // By reason: the expectations that a dead letter breaks, "transform" or "malformed". Filled
  // in at the end.
  std::map<std::string, uint64_t> dead_letters;
};

std::string_view to_string(PipelineReport::End end);  // "running", "done", …

struct RunReport {
  std::vector<PipelineReport> pipelines;  // in the order of the plan
  Duration took{0};

  // The failure that decides the run's exit code: an expectation that says `fail` before others;
  // OK if there was none.
  Status failure() const;
};

// Runs pipelines until they are drained or a stop is requested. One failed pipeline does not stop
// the others, save those that read what it writes in a run that drains.
//
// Each pipeline leaves <checkpoint>/_lakeward/status.json, replaced every few seconds while there
// is something new, for `lakeward status`.
class Runner {
 public:
  // Called from one thread, about as often as `period` says, with how the run stands.
  struct Progress {
    Duration period{1'000'000};
    std::function<void(const RunReport&)> report;
  };

  Runner(Workspace& workspace, std::vector<ScheduledPipeline> pipelines, Progress progress);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // `--once`: each pipeline until its source is drained, in the plan's order (drain.h).
  RunReport drain(std::stop_token stop);
  // Each pipeline in a thread of its own, by its trigger, until stopped or all have ended.
  RunReport follow(std::stop_token stop);

  class Task;

 private:
  class Drain;
  class Reporter;

  RunReport report() const;
  RunReport finish(Timestamp begin);
  // Waits, as long as that takes, for what the pipeline must know before it can be built.
  Status resolve(Task& task, std::stop_token stop);
  void follow_one(Task& task, std::stop_token stop);
  Status run_triggered(Task& task, std::stop_token stop);
  void note_commit(const std::string& pipeline);

  Workspace& workspace_;
  Progress progress_;
  std::vector<std::unique_ptr<Task>> tasks_;

  std::mutex commits_mutex_;
  std::condition_variable_any commits_changed_;
  std::map<std::string, uint64_t> commits_;  // epochs that were committed, by pipeline
};

// Feeds the dead letters of a pipeline back through it.
PipelineReport replay(Workspace& workspace, const project::Pipeline& pipeline,
                      std::stop_token stop);

}  // namespace lakeward::service
