#include "cli/exit_code.h"

namespace lakeward::cli {

int exit_code(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return kExitDone;
    case StatusCode::kInvalidArgument:
      return kExitWrongUse;
    case StatusCode::kExpectationFailed:
      return kExitExpectation;
    case StatusCode::kCancelled:
      return kExitInterrupted;
    default:
      return kExitFailed;
  }
}

Outcome work_failed(Status status) {
  const int code = exit_code(status);
  return {std::move(status), code == kExitWrongUse ? kExitFailed : code};
}

}  // namespace lakeward::cli
