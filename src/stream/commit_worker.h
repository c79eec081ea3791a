// The thread on which an epoch is committed while the next one is written.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "base/status.h"

namespace lakeward::stream {

// Runs one job at a time: start(), then wait(), then the next. There is no thread before the first
// job. Used by one thread.
class CommitWorker {
 public:
  CommitWorker() = default;
  // Waits for the job that runs.
  ~CommitWorker();
  CommitWorker(const CommitWorker&) = delete;
  CommitWorker& operator=(const CommitWorker&) = delete;

  // Returns at once. What the job did is seen by whoever has called wait() for it.
  void start(std::function<Status()> job);
  // Whether a job was started that was not waited for.
  bool busy() const { return busy_; }
  // Whether that job has ended, so that wait() returns at once.
  bool ended() const { return busy_ && end_.stop_requested(); }
  // Wakes whoever listens when the job ends.
  std::stop_token end() const { return busy_ ? end_.get_token() : std::stop_token(); }
  // Waits for the job's end and returns its outcome.
  Status wait();

 private:
  void run(std::stop_token stop);

  bool busy_ = false;
  std::stop_source end_;  // of the job that was started last
  std::mutex mutex_;      // guards job_ and outcome_
  std::condition_variable_any changed_;
  std::function<Status()> job_;
  std::optional<Status> outcome_;
  std::jthread thread_;
};

}  // namespace lakeward::stream
