// A filter that SQL calls for each row and C++ takes notes in.
//
// In SQL: lakeward_gate(ID, MASK, POSITION) is true where MASK (UBIGINT) is 0. It is volatile: it
// is called exactly once for each row that reaches it, and never moved or folded away.
#pragma once

#include <cstdint>
#include <span>

namespace lakeward::engine {

class RowGate {
 public:
  virtual ~RowGate() = default;
  // `masks[i]` says which checks row i broke (bit k: check k), `positions[i]` where the row came
  // from. Sets `pass[i]`. Called from several threads at once, up to kChunkRows rows a call.
  virtual void pass_rows(std::span<const uint64_t> masks, std::span<const uint64_t> positions,
                         bool* pass) = 0;
};

}  // namespace lakeward::engine
