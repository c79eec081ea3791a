// Writes one epoch that is planned: one statement, and the dead letters.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/session.h"
#include "stream/dead_letters.h"
#include "stream/epoch.h"
#include "stream/epoch_input.h"
#include "stream/expectation_gate.h"
#include "stream/pipeline_runner.h"
#include "stream/staged_epoch.h"
#include "stream/table_versions.h"
#include "stream/transform.h"

namespace lakeward::stream {

// Keeps one session for all epochs. Not thread-safe, save for interrupt().
class EpochExecutor {
 public:
  // `spec` outlives it.
  static Result<std::unique_ptr<EpochExecutor>> make(PipelineSpec& spec,
                                                     engine::Database& database);
  ~EpochExecutor();

  // Binds the transform and checks the sinks, as far as the inputs are known; false if they are
  // not.
  Result<bool> bind();
  // Known after bind().
  std::optional<engine::Schema> output() const;

  // Reads the range (not of a view) and writes it, where nobody sees it yet. `repeated`: the epoch
  // may be in some sinks. Only then a sink is asked what it has: any sink may be committing the
  // epoch before.
  Result<StagedEpoch> stage(const Epoch& epoch, const OffsetRange& range,
                            const TableVersions& versions, bool repeated);
  // The same rows, at most `count`, shown instead of written.
  Result<Peek> peek(const Epoch& epoch, const OffsetRange& range, const TableVersions& versions,
                    size_t count);

  void interrupt() { session_->interrupt(); }
  // A wait for records of the source ends when this is requested.
  void stop_by(const std::stop_token& stop);

 private:
  EpochExecutor(PipelineSpec& spec, std::unique_ptr<engine::Session> session);
  Status prepare(const Epoch& epoch, const OffsetRange& range, const TableVersions& versions);
  Status bind_transform();
  Status bind_tables(const TableVersions& versions);
  Result<std::vector<size_t>> pending_sinks(const Epoch& epoch, bool repeated);
  // What one pass of the statement made; the gate has its notes.
  struct Pass {
    std::vector<std::pair<size_t, Committable>> committables;  // by number of the sink
    uint64_t rows = 0;
    GateTally gate;
    ReadTally read;
  };
  Result<Pass> write_rows(const Epoch& epoch, const std::vector<size_t>& pending);
  Result<Pass> write_guarded(const Epoch& epoch, const OffsetRange& range,
                             const TableVersions& versions, const std::vector<size_t>& pending);
  Status write_to_sinks(const Epoch& epoch, const std::vector<size_t>& pending, Pass& pass);
  Result<Accounting> balance(const Pass& pass) const;
  Status refuse_failed(const Pass& pass);
  // nullopt if there are none, or the sink has them.
  Result<std::optional<Committable>> write_dead_letters(const Epoch& epoch, const Pass& pass,
                                                        const Accounting& accounting,
                                                        bool repeated);
  // The dead letters of a pass as a SELECT; `malformed` and `pass` outlive its use.
  Result<std::string> define_dead_letters(const Pass& pass, MalformedTable& malformed);
  void discard(Pass& pass);

  PipelineSpec& spec_;
  std::unique_ptr<engine::Session> session_;
  std::unique_ptr<EpochInput> input_;  // null for a view
  ExpectationGate gate_;
  uint64_t gate_id_ = 0;
  DeadLetterGate dead_gate_;  // of the second pass
  uint64_t dead_gate_id_ = 0;
  std::optional<Transform> transform_;
  bool sinks_checked_ = false;
  size_t records_again_ = 0;  // that the dead letters read again
};

}  // namespace lakeward::stream
