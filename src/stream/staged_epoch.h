// An epoch whose rows are written and that nobody sees yet.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/status.h"
#include "stream/epoch.h"
#include "stream/sink.h"

namespace lakeward::stream {

// Holds what its sinks have written. Whoever has one calls either commit() or discard(), once.
class StagedEpoch {
 public:
  StagedEpoch(Epoch epoch, Accounting accounting) : epoch_(epoch), accounting_(accounting) {}
  StagedEpoch(StagedEpoch&&) = default;
  StagedEpoch& operator=(StagedEpoch&&) = default;
  StagedEpoch(const StagedEpoch&) = delete;
  StagedEpoch& operator=(const StagedEpoch&) = delete;

  // In the order in which the sinks are to be committed. `sink` outlives this object.
  void add(Sink& sink, Committable committable);

  const Epoch& epoch() const { return epoch_; }
  const Accounting& accounting() const { return accounting_; }
  // That the sinks wrote.
  uint64_t bytes() const { return bytes_; }
  // Whether the next epoch may be written while commit() runs on another thread.
  bool overlaps() const { return overlaps_; }

  // Makes it visible in one sink after the other. Touches nothing but the sinks' committers. After
  // an error, some may have the epoch.
  Status commit();
  // Removes what was written.
  void discard();

 private:
  Epoch epoch_;
  Accounting accounting_;
  uint64_t bytes_ = 0;
  bool overlaps_ = true;
  std::vector<std::pair<Sink*, Committable>> parts_;
};

}  // namespace lakeward::stream
