// Records that a generator makes, at a steady rate.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "connectors/simulator/generators.h"
#include "connectors/simulator/options.h"
#include "stream/registry.h"
#include "stream/source.h"

namespace lakeward::connectors::simulator {

// The offset {"next":k} names the first record that is still to come. What the records are made of
// (name, seed, start, …) is kept in the checkpoint, so that any range can be made again. The pace
// begins anew with each process: records that were due while none ran do not pile up.
class SimulatorSource final : public stream::Source {
 public:
  SimulatorSource(SimulatorOptions options, Clock& clock);

  // Errors: InvalidArgument if the checkpoint was begun with another generator, seed or share of
  // invalid records.
  Status attach(checkpoint::SourceLog& log) override;
  // Errors: InvalidArgument in kDrain without a `count`, as the records never end.
  Result<std::optional<stream::Offset>> plan(const std::optional<stream::Offset>& from,
                                             const stream::Limits& limits, stream::PlanMode mode,
                                             std::stop_token stop) override;
  Result<stream::Input> read(const stream::ReadRequest& request) override;
  Status acknowledge(const stream::Offset& to) override;
  Result<stream::SourceLag> lag(const std::optional<stream::Offset>& committed) override;

 private:
  // How many records there are by now for a reader that has come to `next`.
  uint64_t due(uint64_t next);

  SimulatorOptions options_;
  Clock& clock_;
  std::shared_ptr<const Generator> generator_;
  uint64_t mean_bytes_ = 0;  // of a record
  struct Pace {
    Timestamp since;
    uint64_t first = 0;
  };
  std::optional<Pace> pace_;
};

stream::SourceType source_type();

}  // namespace lakeward::connectors::simulator
