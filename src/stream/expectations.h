// Checks on a transform's result, and what becomes of rows that break one.
#pragma once

#include <cstddef>
#include <string>

namespace lakeward::stream {

// When a row breaks several, the strongest decides: fail, then dead_letter, then drop, then keep.
enum class Otherwise { kKeep, kDrop, kDeadLetter, kFail };

// One expectation. `check` is SQL over the transform's result columns; a row keeps it only if it is
// TRUE: as in Delta's constraints, NULL (unknown) breaks it.
struct Expectation {
  std::string name;
  std::string check;
  Otherwise otherwise = Otherwise::kDeadLetter;
};

// Expectations that one pipeline may have: a bit each, and one bit is ours.
inline constexpr size_t kMaxExpectations = 62;

}  // namespace lakeward::stream
