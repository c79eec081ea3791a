// Drives one pipeline: recover, plan, begin, stage, commit, finish, acknowledge; again after an
// error that a retry can mend.
//
// Where the sinks can do it, the next epoch is planned and staged while the one before is being
// committed. Only what is not seen overlaps: an epoch's offsets are written after the commit of the
// one before, so that there is never more than one that is begun and not finished.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "stream/commit_worker.h"
#include "stream/epoch_executor.h"
#include "stream/out_of_memory.h"
#include "stream/pipeline_runner.h"

namespace lakeward::stream {

class EpochLoop final : public PipelineRunner {
 public:
  EpochLoop(PipelineSpec spec, RunnerEnvironment environment)
      : spec_(std::move(spec)), environment_(environment), can_overlap_(reads_only_others()) {}

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
  // Until drained, stopped or failed; nothing is in flight any more when it returns.
  Status attempt(PlanMode mode, Duration every, std::stop_token stop);
  // The same, but a commit may be in flight.
  Status follow(PlanMode mode, Duration every, std::stop_token stop);
  // Waits for `rest`; takes note of a commit that ends meanwhile.
  Status pause(Duration rest, std::stop_token stop);
  Status recover();
  Status check_sinks() const;

  // An epoch that is to be run.
  struct Plan {
    checkpoint::PlannedEpoch epoch;
    OffsetRange range;
    TableVersions versions;
    bool begun = false;     // its offsets are in the checkpoint
    bool repeated = false;  // by an earlier run, which did not finish it
    bool is_full = false;   // the source has more
    // By the run that is repeated; then by this one. nullopt if the format asks no registry.
    std::optional<format::RefusedSchemas> refused;
    bool refused_kept = false;  // in the checkpoint
  };
  // An epoch that is written and is being committed.
  struct InFlight {
    Plan plan;
    StagedEpoch staged;
    Timestamp since;  // when its run began
  };
  Result<std::optional<Plan>> plan(PlanMode mode, std::stop_token stop);
  Result<std::optional<Offset>> plan_view(TableVersions& versions);
  Result<TableVersions> versions_now(PlanMode mode);
  // Stages the epoch, beside the commit of the one before if there is one, and begins its commit.
  Status run_epoch(Plan plan);
  // What must be durable before a part of a staged epoch is seen.
  Status keep_refused(InFlight& epoch);
  // Makes a staged epoch visible; on the worker's thread, if the next one may overlap it.
  Status commit(InFlight& epoch);
  // Waits for the commit in flight, if there is one, and takes note of it.
  Status settle();
  Status note_committed(const InFlight& epoch);
  // A failure for want of memory, with the epoch's number and what helps.
  Status explain_memory(const Status& status, int64_t epoch) const {
    return out_of_memory_in_epoch(status, epoch, is_view(), environment_.memory_bytes);
  }
  // The transform reads no table that the pipeline writes: the next plan needs no commit of this
  // epoch.
  bool reads_only_others() const;
  // The last epoch that is committed or being committed.
  const checkpoint::PlannedEpoch* last_planned() const;
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
  const bool can_overlap_;
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

  std::optional<InFlight> in_flight_;  // the worker's while it is busy
  CommitWorker worker_;                // ends before the rest does
};

}  // namespace lakeward::stream
