// Debezium's envelope in Avro: where an event's states of the row are, and what it says of itself.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "format/avro/input.h"
#include "format/avro/plan.h"
#include "format/avro/program.h"
#include "format/avro/value_text.h"
#include "format/debezium_envelope.h"

namespace lakeward::format::avro {

// What is read of the envelopes of one writer's schema. Immutable: all threads share it.
class EnvelopePlan {
 public:
  enum class Role : uint8_t { kSkip, kOp, kBefore, kAfter, kSource };
  struct Part {
    Role role = Role::kSkip;
    PlanId value = 0;
  };

  // Errors: InvalidArgument: it is no envelope's schema, or the columns are none of its rows'.
  static Result<std::shared_ptr<const EnvelopePlan>> make(const Schema& schema,
                                                          std::vector<TargetColumn> columns);

  const Plan& plan() const { return plan_; }
  const std::vector<Part>& parts() const { return parts_; }
  // How a row is read; `before` and `after` mostly have one type, and so one program.
  const Program& before() const { return *before_; }
  const Program& after() const { return *after_; }

 private:
  explicit EnvelopePlan(const Schema& schema) : plan_(schema, nullptr) {}

  Plan plan_;
  std::vector<Part> parts_;
  std::shared_ptr<const Program> before_, after_;
};

// An event; its texts belong to the record.
struct ChangeEvent {
  char op = 0;
  bool has_before = false;
  bool has_after = false;
  std::string_view before, after;  // the bytes of a row
  ChangeSource source;
};

// Used by one thread. The plan outlives it.
class EventReader {
 public:
  explicit EventReader(const EnvelopePlan& envelope)
      : envelope_(envelope), text_(envelope.plan(), input_) {}

  // Reads one envelope, kPadding readable bytes behind it. If it returns false, reason() says why.
  bool read(std::string_view record, ChangeEvent& event);
  std::string reason() const;

 private:
  // A scalar of the envelope: nothing, a number or a text.
  struct Scalar {
    bool is_number = false;
    bool is_text = false;
    int64_t number = 0;
    std::string_view text;
  };

  // Reads which branch of a union comes: `id` becomes the type of what follows.
  const char* enter(PlanId& id, const char* p);
  const char* read_state(PlanId id, const char* p, std::string_view& bytes, bool& is_there);
  const char* read_source(PlanId id, const char* p, ChangeSource& source);
  const char* read_scalar(PlanId id, const char* p, Scalar& scalar);

  const EnvelopePlan& envelope_;
  Input input_;
  ValueText text_;
};

}  // namespace lakeward::format::avro
