#include "stream/commit_worker.h"

#include <utility>

namespace lakeward::stream {

CommitWorker::~CommitWorker() {
  if (busy_) (void)wait();
}

void CommitWorker::start(std::function<Status()> job) {
  CHECK(!busy_, "the job before was waited for");
  busy_ = true;
  {
    const std::lock_guard lock(mutex_);
    end_ = std::stop_source();
    job_ = std::move(job);
    outcome_.reset();
  }
  changed_.notify_all();
  if (!thread_.joinable()) {
    thread_ = std::jthread([this](std::stop_token stop) { run(std::move(stop)); });
  }
}

Status CommitWorker::wait() {
  CHECK(busy_, "a job was started");
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return outcome_.has_value(); });
  busy_ = false;
  return *std::exchange(outcome_, std::nullopt);
}

void CommitWorker::run(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [&] { return job_ != nullptr; })) {
    const std::function<Status()> job = std::exchange(job_, nullptr);
    std::stop_source end = end_;
    lock.unlock();
    Status outcome = job();
    lock.lock();
    outcome_ = std::move(outcome);
    changed_.notify_all();
    lock.unlock();
    end.request_stop();  // calls whoever listens, who may ask for the outcome
    lock.lock();
  }
}

}  // namespace lakeward::stream
