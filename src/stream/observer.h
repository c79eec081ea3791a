// What a pipeline tells the outside while it runs: progress, retries, its state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "stream/epoch.h"

namespace lakeward::stream {

// One epoch that is committed.
struct EpochReport {
  Epoch epoch;
  Accounting accounting;
  Duration took{0};
  uint64_t output_bytes = 0;  // that the sinks wrote
  bool repeated = false;      // planned by an earlier run that did not finish it
};

// Called from the thread that runs the pipeline; must return soon.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void epoch_finished(const EpochReport& /*report*/) {}
  // It begins to work: at first, and after each wait of retrying().
  virtual void attempting() {}
  // `attempt` counts from 1 for each failure in a row; the pipeline now waits for `delay`.
  virtual void retrying(const Status& /*error*/, uint64_t /*attempt*/, Duration /*delay*/) {}
  // Whether the run is to end with a failure that could be tried again. Asked before each retry.
  virtual bool gives_up(const Status& /*error*/) { return false; }
  // The source has nothing new.
  virtual void idle() {}
};

enum class PipelineState { kNew, kRunning, kIdle, kRetrying, kStopped, kFailed };
std::string_view to_string(PipelineState state);  // "new", "running", …

// A snapshot for `status`, REST and metrics.
struct PipelineStatus {
  PipelineState state = PipelineState::kNew;
  std::optional<Epoch> last_epoch;  // committed, by this or an earlier run
  uint64_t epochs = 0;              // committed by this run
  Accounting total;                 // of this run
  std::string position;             // how far the source is, for people
  std::string last_error;           // the last one, also if it was overcome; empty if none
  std::optional<Timestamp> last_error_time;
  std::string problem;   // of a sink, beside its commits: the pipeline works; see Sink::problem()
  uint64_t retries = 0;  // in a row, now
  std::optional<Timestamp> retrying_since;
};

}  // namespace lakeward::stream
