// Counts the rows of a transform's result and keeps out those that break its expectations.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/row_gate.h"
#include "stream/record_capture.h"

namespace lakeward::stream {

// Bit k of a mask is set for a row that breaks expectation k; two more bits are ours.
inline constexpr int kUncastBit = 63;   // a decoded text did not cast to the declared type
inline constexpr int kUnsoundBit = 62;  // the transform fails on the row

// What the bits of a mask mean; bits that are in none of them are `keep`.
struct GatePolicy {
  uint64_t fail = 0;
  uint64_t dead_letter = 0;
  uint64_t drop = 0;
};

struct GateTally {
  uint64_t seen = 0;
  uint64_t dead_lettered = 0;
  uint64_t dropped = 0;
  uint64_t kept_invalid = 0;
  uint64_t failed = 0;
  std::optional<std::pair<uint64_t, uint64_t>> first_failed;  // mask and position
  std::vector<uint64_t> dead_positions;  // one a dead-lettered row, in no order

  uint64_t refused() const { return dead_lettered + dropped + failed; }
};

// Thread-safe, as engine::RowGate asks.
class ExpectationGate final : public engine::RowGate {
 public:
  // Where the records of dead letters are noted, if they can be; null: nowhere.
  void capture_into(RecordCapture* capture) { capture_ = capture; }

  // Begins a new pass.
  void reset(const GatePolicy& policy);
  GateTally take();
  void pass_rows(std::span<const uint64_t> masks, std::span<const uint64_t> positions,
                 bool* pass) override;

 private:
  RecordCapture* capture_ = nullptr;
  std::mutex mutex_;
  GatePolicy policy_;
  GateTally tally_;
};

// Lets exactly those rows pass that an ExpectationGate of the same policy dead-letters.
class DeadLetterGate final : public engine::RowGate {
 public:
  // Not while a query runs.
  void reset(const GatePolicy& policy) { policy_ = policy; }
  void pass_rows(std::span<const uint64_t> masks, std::span<const uint64_t>, bool* pass) override {
    for (size_t i = 0; i < masks.size(); ++i) {
      pass[i] = (masks[i] & policy_.fail) == 0 && (masks[i] & policy_.dead_letter) != 0;
    }
  }

 private:
  GatePolicy policy_;
};

}  // namespace lakeward::stream
