// What the process tells its caller.
#pragma once

#include "base/status.h"

namespace lakeward::cli {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitWrongUse = 2;  // or an invalid project
inline constexpr int kExitExpectation = 3;
inline constexpr int kExitInterrupted = 130;

// The code of a command that ends with `status`, where InvalidArgument means wrong use or an
// invalid project.
int exit_code(const Status& status);

// How a command ended: its code, and what is to be said about it (OK: nothing).
struct Outcome {
  Outcome(Status ended) : status(std::move(ended)), code(exit_code(status)) {}  // NOLINT: implicit
  Outcome(Status ended, int exit) : status(std::move(ended)), code(exit) {}

  Status status;
  int code = kExitDone;
};

// A failure of the work itself, whatever its kind: data that cannot be cast is InvalidArgument to
// the engine, yet not wrong use. Expectations and interruptions keep their codes.
Outcome work_failed(Status status);

}  // namespace lakeward::cli
