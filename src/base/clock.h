// Time, passed in: a test runs hours of a pipeline in a second by passing a ManualClock.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>

namespace lakeward {

using Duration = std::chrono::microseconds;

// A point in time, UTC, in microseconds since 1970-01-01T00:00:00Z.
struct Timestamp {
  int64_t micros = 0;

  int64_t millis() const { return micros >= 0 ? micros / 1000 : (micros - 999) / 1000; }
  static Timestamp from_millis(int64_t millis) { return {millis * 1000}; }
  auto operator<=>(const Timestamp&) const = default;
  Timestamp operator+(Duration d) const { return {micros + d.count()}; }
  Duration operator-(Timestamp other) const { return Duration{micros - other.micros}; }
};

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() const = 0;
  // Waits for `duration`, or less if a stop is requested; returns false if it was.
  virtual bool wait(Duration duration, std::stop_token stop) = 0;
};

// The machine's clock.
class SystemClock final : public Clock {
 public:
  Timestamp now() const override;
  bool wait(Duration duration, std::stop_token stop) override;
};

// A clock that moves only when told to, or by what callers wait for: wait() returns at once and
// moves the time by the whole duration.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Timestamp start) : now_(start) {}
  Timestamp now() const override;
  bool wait(Duration duration, std::stop_token stop) override;
  void advance(Duration duration);

 private:
  mutable std::mutex mutex_;
  Timestamp now_;
};

}  // namespace lakeward
