// The one statement of an epoch: the user's transform, with all expectations.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/schema.h"
#include "engine/session.h"
#include "format/decoder.h"
#include "stream/expectation_gate.h"
#include "stream/expectations.h"
#include "stream/transform_rewrite.h"

namespace lakeward::stream {

struct TransformOptions {
  std::string sql;
  std::vector<Expectation> expectations;
  std::vector<std::string> hidden;  // columns of `input` that `*` leaves out
  bool has_casts = false;           // `input` has kUncastColumn
  format::OnMalformed on_malformed = format::OnMalformed::kDeadLetter;
  bool has_dead_letters = false;  // there is a table for them
};

// Bound against the tables that the session has; to be bound again when these change their columns.
class Transform {
 public:
  // Errors: InvalidArgument, naming the transform or the expectation that is wrong.
  static Result<Transform> bind(engine::Session& session, TransformOptions options);

  // What reaches the sinks.
  const engine::Schema& output() const { return output_; }
  bool row_wise() const { return text_.row_wise && has_positions(); }
  bool has_where() const { return text_.has_where; }
  // Each row of the result comes from one row of input, whose position is known.
  bool has_positions() const { return !text_.positioned.empty(); }
  // Rows whose text did not cast are refused by the gate; otherwise (false) the caller must keep
  // them out of `input`.
  bool refuses_uncast() const { return options_.has_casts && has_positions(); }

  // From now on, a row on which the transform fails is refused instead of failing the query.
  bool can_guard() const { return !text_.guarded.empty() && options_.has_dead_letters; }
  void guard(std::string example);
  bool guarded() const { return guarded_; }

  // The rows that the gate lets pass, as the sinks get them.
  std::string accepted(uint64_t gate) const;
  // One row for each dead-lettered row of the result: "row" (JSON), reason, expectation, position
  // (NULL if unknown). The gate is a DeadLetterGate.
  std::string refused(uint64_t gate) const;
  GatePolicy policy() const;
  // "has_device (device_id IS NOT NULL)", for all bits of a mask.
  std::string describe_mask(uint64_t mask) const;

 private:
  Transform(engine::Session& session, TransformOptions options)
      : session_(&session), options_(std::move(options)) {}
  Status check_expectations();
  const std::string& source_text() const;
  std::string gate_call(uint64_t gate) const;
  std::string mask() const;
  std::string position() const;
  std::string added_columns() const;

  engine::Session* session_;
  TransformOptions options_;
  RewrittenTransform text_;
  engine::Schema output_;
  bool guarded_ = false;
  std::string guard_example_;
};

}  // namespace lakeward::stream
