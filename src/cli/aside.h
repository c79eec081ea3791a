// Work that a command does not want to wait for longer than it chooses to.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

namespace lakeward::cli {

// Runs `work` on a thread of its own. Who has waited long enough leaves it behind: it goes on until
// the process ends, and must own what it uses, or the process must end at once (_exit).
template <typename T>
class Aside {
 public:
  using Clock = std::chrono::steady_clock;

  template <typename Work>
  explicit Aside(Work work) : shared_(std::make_shared<Shared>()) {
    std::thread([shared = shared_, work = std::move(work)]() mutable {
      T result = work();
      const std::lock_guard lock(shared->mutex);
      shared->result = std::move(result);
      shared->done.notify_all();
    }).detach();
  }

  // What the work has returned, once; nullopt if it has not by then, or when `stop` is requested.
  std::optional<T> wait(std::optional<Clock::time_point> until, std::stop_token stop) {
    std::unique_lock lock(shared_->mutex);
    const auto is_done = [this] { return shared_->result.has_value(); };
    if (until) {
      shared_->done.wait_until(lock, stop, *until, is_done);
    } else {
      shared_->done.wait(lock, stop, is_done);
    }
    return std::exchange(shared_->result, std::nullopt);
  }

 private:
  struct Shared {
    std::mutex mutex;
    std::condition_variable_any done;
    std::optional<T> result;
  };
  std::shared_ptr<Shared> shared_;
};

}  // namespace lakeward::cli
