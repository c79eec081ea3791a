// Status and Result<T>: how every fallible function of the project reports failure.
//
// A message names the thing, the place and the next step ("pipelines/silver.yaml:14:9: unknown key
// 'trasform'; did you mean 'transform'?"). Exceptions of libraries stop at the file that wraps
// them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace lakeward {

enum class StatusCode {
  kOk,
  kInvalidArgument,    // wrong use or an invalid project; exit code 2
  kNotFound,           // a file, table, version or name does not exist
  kAlreadyExists,      // put-if-absent found something
  kConflict,           // another writer or process owns the target
  kUnavailable,        // cannot be reached now; retrying can help
  kResourceExhausted,  // a disk is full; retrying can help once somebody made room
  kOutOfMemory,        // retrying can help once others in the process have let memory go
  kCorruption,         // stored data contradicts its specification or our records
  kUnsupported,        // well-formed, but needs a feature that is not built; named in the message
  kExpectationFailed,  // a data expectation said `fail`; exit code 3
  kCancelled,          // asked to stop; exit code 130
  kIoError,            // the operating system refused
  kInternal,           // a bug of ours
};

// The code's name as users see it in --json output, for example "not_found".
std::string_view to_string(StatusCode code);

// An outcome without a value. Cheap to copy and move; OK holds no allocation.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message);

  bool ok() const { return state_ == nullptr; }
  StatusCode code() const { return ok() ? StatusCode::kOk : state_->code; }
  const std::string& message() const;

  // Whether the same call may succeed later without anybody changing the input.
  bool retriable() const {
    return code() == StatusCode::kUnavailable || code() == StatusCode::kResourceExhausted ||
           code() == StatusCode::kOutOfMemory;
  }

  // The same failure, its message preceded by "context: ". OK stays OK.
  Status with_context(std::string_view context) const;

 private:
  struct State {
    StatusCode code;
    std::string message;
  };
  std::shared_ptr<const State> state_;
};

inline Status ok_status() { return {}; }
Status invalid_argument(std::string message);
Status not_found(std::string message);
Status already_exists(std::string message);
Status conflict(std::string message);
Status unavailable(std::string message);
Status resource_exhausted(std::string message);
Status out_of_memory(std::string message);
Status corruption(std::string message);
Status unsupported(std::string message);
Status expectation_failed(std::string message);
Status cancelled(std::string message);
Status io_error(std::string message);
Status internal_error(std::string message);

// What the operating system said (errno) of an action on a thing, as the Status that fits:
// ENOENT is NotFound, EEXIST AlreadyExists, ENOSPC and EDQUOT ResourceExhausted, else IoError.
Status errno_status(int error, std::string_view action, std::string_view thing);

// A value or the Status that says why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}  // NOLINT: implicit on purpose
  Result(Status status) : status_(std::move(status)) {
    CHECK(!status_.ok(), "a Result without a value needs a failure");
  }

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }

  T& value() & {
    CHECK(ok(), status_.message());
    return *value_;
  }
  const T& value() const& {
    CHECK(ok(), status_.message());
    return *value_;
  }
  T&& value() && {
    CHECK(ok(), status_.message());
    return std::move(*value_);
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  Status status_;
  std::optional<T> value_;
};

}  // namespace lakeward

// RETURN_IF_ERROR(f()): leaves the function with f's failure.
#define RETURN_IF_ERROR(expression)                     \
  do {                                                  \
    ::lakeward::Status lakeward_status_ = (expression); \
    if (!lakeward_status_.ok()) [[unlikely]]            \
      return lakeward_status_;                          \
  } while (false)

#define LAKEWARD_CONCAT_INNER(a, b) a##b
#define LAKEWARD_CONCAT(a, b) LAKEWARD_CONCAT_INNER(a, b)
#define LAKEWARD_ASSIGN_OR_RETURN(result, target, expression) \
  auto result = (expression);                                 \
  if (!result.ok()) [[unlikely]]                              \
    return result.status();                                   \
  target = std::move(result).value()

// ASSIGN_OR_RETURN(auto x, f()): x is f's value, or the function leaves with f's failure.
#define ASSIGN_OR_RETURN(target, expression) \
  LAKEWARD_ASSIGN_OR_RETURN(LAKEWARD_CONCAT(lakeward_result_, __LINE__), target, expression)
