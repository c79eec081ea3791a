// Drives one pipeline: recover, plan, begin, run, finish, acknowledge; again after an error that a
// retry can mend.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "stream/epoch_executor.h"
#include "stream/pipeline_runner.h"

namespace lakeward::stream {

class EpochLoop final : public PipelineRunner {
 public:
  EpochLoop(PipelineSpec spec, RunnerEnvironment environment)
      : spec_(std::move(spec)), environment_(environment) {}

  // Called once, first.
  Status prepare();

  Status run(Duration every, std::stop_token stop) override;
  Status drain(std::stop_token stop) override;
  Result<Peek> peek(size_t count, std::stop_token stop) override;
  Result<std::optional<engine::Schema>> output_schema() override;
  PipelineStatus status() const override;
  void interrupt() override;

 private:
  bool is_view() const { return spec_.source == nullptr; }
  Status loop(PlanMode mode, Duration every, std::stop_token stop);
  // Until drained, stopped or failed.
  Status attempt(PlanMode mode, Duration every, std::stop_token stop);
  Status recover();
  Status check_sinks() const;

  // An epoch that is to be begun.
  struct Plan {
    checkpoint::PlannedEpoch epoch;
    OffsetRange range;
    TableVersions versions;
  };
  Result<std::optional<Plan>> plan(PlanMode mode, std::stop_token stop);
  Result<std::optional<Offset>> plan_view(TableVersions& versions);
  Result<TableVersions> versions_now(PlanMode mode);
  Status run_epoch(const Plan& plan, bool repeated);
  std::string extra_of(const TableVersions& versions) const;
  Duration backoff(uint64_t attempt);
  bool is_full(const Accounting& accounting) const;

  void set_state(PipelineState state);
  void note_error(const Status& error, uint64_t attempt);
  // What failed before is overcome.
  void note_progress(PipelineState state);
  void note_epoch(const EpochReport& report);

  PipelineSpec spec_;
  RunnerEnvironment environment_;
  std::unique_ptr<EpochExecutor> executor_;
  bool attached_ = false;
  bool recovered_ = false;
  std::optional<checkpoint::PlannedEpoch> last_;  // committed
  std::optional<Plan> unfinished_;
  bool last_was_full_ = false;
  bool got_on_ = false;  // since the last failure

  std::atomic<bool> interrupted_{false};
  mutable std::mutex mutex_;  // guards status_
  PipelineStatus status_;
};

}  // namespace lakeward::stream
