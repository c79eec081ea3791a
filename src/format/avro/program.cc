#include "format/avro/program.h"

#include <optional>
#include <utility>

#include "format/avro/scalar_text.h"
#include "format/reasons.h"

namespace lakeward::format::avro {
namespace {

bool is_integer(const PlanNode& node) {
  return node.type == Type::kInt || node.type == Type::kLong;
}
bool is_text(const PlanNode& node) { return node.shown == Type::kString; }
bool is_bytes(const PlanNode& node) {
  return node.type == Type::kBytes || node.type == Type::kString || node.type == Type::kFixed;
}
bool is_scalar(const PlanNode& node) {
  return node.type < Type::kRecord && node.type != Type::kNull;
}
bool is_time_of_day(const PlanNode& node) {
  return node.logical == Logical::kTimeMillis || node.logical == Logical::kTimeMicros;
}

using MaybeCode = std::optional<Code>;

MaybeCode code_if(bool possible, Code code) { return possible ? MaybeCode(code) : std::nullopt; }

MaybeCode number_code(const PlanNode& node, Target target) {
  switch (target) {
    case Target::kBoolean:
      return code_if(node.type == Type::kBoolean, Code::kBoolean);
    case Target::kFloat:
      if (is_integer(node)) return Code::kIntegerAsFloat;
      return code_if(node.shown == Type::kFloat, Code::kFloat);
    case Target::kDouble:
      if (is_integer(node)) return Code::kIntegerAsDouble;
      if (node.type == Type::kFloat) return Code::kFloatAsDouble;
      return code_if(node.type == Type::kDouble, Code::kDouble);
    default:  // whole numbers, both lists in the same order
      static_assert(static_cast<int>(Code::kUbigint) - static_cast<int>(Code::kTinyint) ==
                    static_cast<int>(Target::kUbigint) - static_cast<int>(Target::kTinyint));
      return code_if(is_integer(node),
                     static_cast<Code>(static_cast<int>(Code::kTinyint) + static_cast<int>(target) -
                                       static_cast<int>(Target::kTinyint)));
  }
}

MaybeCode temporal_code(const PlanNode& node, const TargetColumn& column) {
  const bool is_time = fraction_digits(node.logical) != 0;
  switch (column.target) {
    case Target::kDate:
      if (is_text(node)) return Code::kDateText;
      return code_if(node.type == Type::kInt && !is_time, Code::kIntegerAsDate);
    case Target::kTime:
      return code_if(is_time_of_day(node), Code::kIntegerAsTime);
    default:
      if (is_text(node) && (column.target == Target::kTimestamp || column.utc)) {
        return Code::kTimestampText;
      }
      return code_if(is_time && !is_time_of_day(node), Code::kIntegerAsTimestamp);
  }
}

// How a value is written into a column, if it can be.
MaybeCode code_for(const PlanNode& node, const TargetColumn& column) {
  switch (column.target) {
    case Target::kVarchar:
      if (is_text(node) || (node.type == Type::kBytes && node.logical == Logical::kNone)) {
        return Code::kText;
      }
      if (node.type == Type::kEnum) return Code::kSymbol;
      return code_if(is_scalar(node), Code::kPlain);
    case Target::kBlob:
      return code_if(is_bytes(node), Code::kBlob);
    case Target::kDate:
    case Target::kTime:
    case Target::kTimestamp:
    case Target::kTimestampTz:
      return temporal_code(node, column);
    case Target::kDecimal:
      if (is_integer(node)) return Code::kIntegerAsDecimal;
      if (is_text(node)) return Code::kDecimalText;
      return code_if(node.logical == Logical::kDecimal, Code::kDecimal);
    case Target::kUuid:
      if (is_text(node)) return Code::kUuidText;
      return code_if(node.type == Type::kFixed && node.size == 16, Code::kUuid);
    case Target::kInterval:
      return code_if(node.logical == Logical::kDuration, Code::kInterval);
    case Target::kListText:
      return code_if(node.type == Type::kArray, Code::kJson);
    case Target::kStructText:
      return code_if(node.type == Type::kRecord, Code::kJson);
    case Target::kMapText:
      return code_if(node.type == Type::kMap, Code::kJson);
    case Target::kJsonText:
      return Code::kJson;
    case Target::kScalarText:
      return code_if(is_scalar(node), Code::kPlain);
    default:
      return number_code(node, column.target);
  }
}

std::string describe(const PlanNode& node) {
  std::string text(to_string(node.type));
  if (node.type != Type::kNull && node.shown != node.type) {
    text += " as " + std::string(to_string(node.shown));
  }
  return text;
}

}  // namespace

Step Program::skip_step(PlanId id) const {
  const PlanNode& node = plan_.node(id);
  Step step;
  step.plan = id;
  switch (node.type) {
    case Type::kInt:
    case Type::kLong:
      step.code = Code::kSkipNumber;
      step.is_int = node.type == Type::kInt;
      break;
    case Type::kBytes:
    case Type::kString:
      step.code = Code::kSkipBytes;
      break;
    case Type::kFloat:
    case Type::kDouble:
    case Type::kFixed:
      step.code = Code::kSkipFixed;
      step.size = node.type == Type::kFloat ? 4 : node.type == Type::kDouble ? 8 : node.size;
      break;
    default:
      step.code = Code::kSkip;
  }
  return step;
}

Step Program::make_step(PlanId id, uint32_t column, const TargetColumn& target) {
  const PlanNode& node = plan_.node(id);
  Step step;
  step.column = column;
  step.plan = id;
  if (!node.mismatch.empty()) {
    step.code = Code::kRefuse;
    step.reason = node.mismatch;
    return step;
  }
  if (node.type == Type::kUnion && target.target == Target::kJsonText) {
    step.code = Code::kJson;
    return step;
  }
  if (node.type == Type::kUnion) {
    const std::vector<PlanId>& children = node.children;
    const auto is_null = [&](PlanId child) { return plan_.node(child).type == Type::kNull; };
    if (children.size() == 2 && is_null(children[0]) != is_null(children[1])) {
      const size_t null = is_null(children[0]) ? 0 : 1;
      // That null is nothing for the reader is for the branch to say.
      if (plan_.node(children[null]).mismatch.empty()) {
        step = make_step(children[1 - null], column, target);
        step.null_branch = static_cast<int8_t>(null);
        return step;
      }
    }
    std::vector<Step> branches;
    for (const PlanId child : children) branches.push_back(make_step(child, column, target));
    step.code = Code::kBranches;
    step.branches = static_cast<uint32_t>(branches_.size());
    step.count = static_cast<uint32_t>(branches.size());
    for (Step& branch : branches) branches_.push_back(std::move(branch));
    return step;
  }
  if (node.type == Type::kNull) {
    step.code = Code::kNull;
    return step;
  }
  const MaybeCode code = code_for(node, target);
  if (!code) {
    step.code = Code::kRefuse;
    step.reason =
        "the writer's " + describe(node) + " cannot be read as " + with_article(target.type);
    return step;
  }
  step.code = *code;
  step.is_int = node.type == Type::kInt;
  step.size = node.type == Type::kFixed ? node.size : kVariable;
  step.digits = fraction_digits(node.logical);
  step.scale = node.scale;
  return step;
}

Program::Program(const Schema& writer, const Schema* reader,
                 const std::vector<TargetColumn>& columns)
    : plan_(writer, reader) {
  const PlanNode& root = plan_.node(plan_.root());
  // Copies: the plan grows.
  const std::vector<PlanMember> members = root.members;
  defaults_ = root.defaults;
  if (!root.mismatch.empty() || root.type != Type::kRecord) {
    refusal_ = root.mismatch.empty() ? "the writer's schema is no record, but of type " +
                                           std::string(to_string(root.type))
                                     : root.mismatch;
    return;
  }
  std::vector<bool> found(columns.size());
  const auto find = [&](const std::string& name) -> std::optional<uint32_t> {
    for (uint32_t i = 0; i < columns.size(); ++i) {
      if (columns[i].name == name && !found[i]) {
        found[i] = true;
        return i;
      }
    }
    return std::nullopt;
  };
  const auto step_of = [&](PlanId plan, uint32_t column) {
    return make_step(plan_.shaped(plan, shape_of(columns[column].type)), column, columns[column]);
  };
  for (const PlanMember& member : members) {
    const auto column = member.wanted ? find(member.name) : std::nullopt;
    steps_.push_back(column ? step_of(member.plan, *column) : skip_step(member.plan));
  }
  for (const PlanDefault& missing : defaults_) {
    const auto column = find(missing.name);
    if (!column) continue;
    steps_.push_back(step_of(missing.plan, *column));
    steps_.back().missing = &missing;
  }
  for (uint32_t i = 0; i < columns.size(); ++i) {
    if (!found[i]) absent_.push_back(i);
  }
}

std::string Program::first_mismatch() const {
  if (!refusal_.empty()) return refusal_;
  for (const std::vector<Step>* steps : {&steps_, &branches_}) {
    for (const Step& step : *steps) {
      if (step.code == Code::kRefuse) return step.reason;
    }
  }
  return "";
}

}  // namespace lakeward::format::avro
