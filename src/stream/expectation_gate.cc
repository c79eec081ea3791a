#include "stream/expectation_gate.h"

#include <algorithm>

namespace lakeward::stream {

void ExpectationGate::reset(const GatePolicy& policy) {
  std::lock_guard lock(mutex_);
  policy_ = policy;
  tally_ = {};
}

GateTally ExpectationGate::take() {
  std::lock_guard lock(mutex_);
  return std::exchange(tally_, {});
}

void ExpectationGate::pass_rows(std::span<const uint64_t> masks,
                                std::span<const uint64_t> positions, bool* pass) {
  uint64_t any = 0;
  for (const uint64_t mask : masks) any |= mask;
  std::fill(pass, pass + masks.size(), true);
  std::lock_guard lock(mutex_);  // once a chunk
  tally_.seen += masks.size();
  if (any == 0) [[likely]]
    return;
  for (size_t i = 0; i < masks.size(); ++i) {
    const uint64_t mask = masks[i];
    if (mask == 0) continue;
    if ((mask & policy_.fail) != 0) {
      if (tally_.failed++ == 0) tally_.first_failed = {mask, positions[i]};
    } else if ((mask & policy_.dead_letter) != 0) {
      ++tally_.dead_lettered;
      tally_.dead_positions.push_back(positions[i]);
      if (capture_ != nullptr) capture_->note(positions[i]);
    } else if ((mask & policy_.drop) != 0) {
      ++tally_.dropped;
    } else {
      ++tally_.kept_invalid;
      continue;
    }
    pass[i] = false;
  }
}

}  // namespace lakeward::stream
