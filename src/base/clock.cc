#include "base/clock.h"

namespace lakeward {

Timestamp SystemClock::now() const {
  return {std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

bool SystemClock::wait(Duration duration, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock(mutex);
  woken.wait_for(lock, stop, duration, [] { return false; });
  return !stop.stop_requested();
}

Timestamp ManualClock::now() const {
  std::lock_guard lock(mutex_);
  return now_;
}

bool ManualClock::wait(Duration duration, std::stop_token stop) {
  if (stop.stop_requested()) return false;
  advance(duration);
  return true;
}

void ManualClock::advance(Duration duration) {
  std::lock_guard lock(mutex_);
  now_ = now_ + duration;
}

}  // namespace lakeward
