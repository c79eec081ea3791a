// Wakes threads that wait for messages.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace lakeward::connectors::kafka {

// Thread-safe.
class Bell {
 public:
  void ring() {
    const std::lock_guard lock(mutex_);
    ++rings_;
    rung_.notify_all();
  }
  uint64_t rings() const {
    const std::lock_guard lock(mutex_);
    return rings_;
  }
  // Waits until there were more rings than `seen`, or for 100 ms.
  void wait(uint64_t seen) const {
    std::unique_lock lock(mutex_);
    rung_.wait_for(lock, std::chrono::milliseconds(100), [&] { return rings_ > seen; });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable rung_;
  uint64_t rings_ = 0;
};

}  // namespace lakeward::connectors::kafka
