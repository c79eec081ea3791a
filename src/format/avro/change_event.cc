#include "format/avro/change_event.h"

#include <optional>
#include <utility>

namespace lakeward::format::avro {
namespace {

using Role = EnvelopePlan::Role;

Role role_of(std::string_view name) {
  if (name == "op") return Role::kOp;
  if (name == "before") return Role::kBefore;
  if (name == "after") return Role::kAfter;
  if (name == "source") return Role::kSource;
  return Role::kSkip;
}

// The one type besides null; the type itself if it is no union.
std::optional<NodeId> without_null(const Schema& schema, NodeId id) {
  const Node& node = schema.node(id);
  if (node.type != Type::kUnion) return id;
  std::optional<NodeId> found;
  for (const NodeId branch : node.branches) {
    if (schema.node(branch).type == Type::kNull) continue;
    if (found) return std::nullopt;
    found = branch;
  }
  return found;
}

// The columns for rows of this record: a string in a column of a nested type is its JSON text, as
// Debezium writes `jsonb`.
std::vector<TargetColumn> fit_columns(const Schema& schema, NodeId record,
                                      std::vector<TargetColumn> columns) {
  for (TargetColumn& column : columns) {
    const bool nested = column.target == Target::kListText || column.target == Target::kMapText ||
                        column.target == Target::kStructText || column.target == Target::kJsonText;
    if (!nested) continue;
    for (const Field& field : schema.node(record).fields) {
      if (field.name != column.name) continue;
      const auto type = without_null(schema, field.type);
      if (type && schema.node(*type).type == Type::kString) column.target = Target::kVarchar;
    }
  }
  return columns;
}

}  // namespace

Result<std::shared_ptr<const EnvelopePlan>> EnvelopePlan::make(const Schema& schema,
                                                               std::vector<TargetColumn> columns) {
  const auto refuse = [](const std::string& why) {
    return invalid_argument("is not that of change events: " + why);
  };
  const Node& root = schema.node(schema.root());
  if (root.type != Type::kRecord) return refuse("it is no record");
  std::shared_ptr<EnvelopePlan> made(new EnvelopePlan(schema));
  std::optional<NodeId> before, after;
  bool has_op = false;
  for (const Field& field : root.fields) {
    const Role role = role_of(field.name);
    has_op = has_op || role == Role::kOp;
    if (role != Role::kBefore && role != Role::kAfter) continue;
    const auto row = without_null(schema, field.type);
    if (!row || schema.node(*row).type != Type::kRecord) {
      return refuse("its field '" + field.name + "' is no record");
    }
    (role == Role::kBefore ? before : after) = *row;
  }
  if (!has_op) return refuse("it has no 'op'; flat rows are decoded by `decode: avro`");
  if (!after) return refuse("it has no 'after'");
  const auto program_of = [&](NodeId row) {
    return std::make_shared<const Program>(schema.at(row), nullptr,
                                           fit_columns(schema, row, columns));
  };
  made->after_ = program_of(*after);
  made->before_ = !before || *before == *after ? made->after_ : program_of(*before);
  for (const PlanMember& member : made->plan_.node(made->plan_.root()).members) {
    made->parts_.push_back({role_of(member.name), member.plan});
  }
  return std::shared_ptr<const EnvelopePlan>(std::move(made));
}

std::string EventReader::reason() const {
  return text_.reason().empty() ? "malformed Avro: " + input_.error() : text_.reason();
}

bool EventReader::read(std::string_view record, ChangeEvent& event) {
  text_.clear_reason();
  event = {};
  const char* p = record.data();
  input_.start(p, p + record.size());
  for (const EnvelopePlan::Part& part : envelope_.parts()) {
    Scalar op;
    switch (part.role) {
      case Role::kSkip:
        p = text_.skip(part.value, p);
        break;
      case Role::kOp:
        p = read_scalar(part.value, p, op);
        if (op.is_text && op.text.size() == 1) event.op = op.text[0];
        break;
      case Role::kBefore:
        p = read_state(part.value, p, event.before, event.has_before);
        break;
      case Role::kAfter:
        p = read_state(part.value, p, event.after, event.has_after);
        break;
      case Role::kSource:
        p = read_source(part.value, p, event.source);
        break;
    }
    if (p == nullptr) return false;
  }
  if (p == input_.end()) return true;
  input_.fail("something follows the value", p);
  return false;
}

const char* EventReader::enter(PlanId& id, const char* p) {
  const PlanNode& node = envelope_.plan().node(id);
  if (node.type != Type::kUnion) return p;
  int64_t branch = 0;
  const char* const value = input_.read_long(p, branch);
  if (value == nullptr) return nullptr;
  if (static_cast<uint64_t>(branch) >= node.children.size()) {
    return input_.fail("a union has no such branch", p);
  }
  id = node.children[static_cast<size_t>(branch)];
  return value;
}

const char* EventReader::read_state(PlanId id, const char* p, std::string_view& bytes,
                                    bool& is_there) {
  const char* const begin = enter(id, p);
  if (begin == nullptr) return nullptr;
  const char* const end = text_.skip(id, begin);
  if (end == nullptr) return nullptr;
  is_there = envelope_.plan().node(id).type == Type::kRecord;
  bytes = {begin, static_cast<size_t>(end - begin)};
  return end;
}

const char* EventReader::read_source(PlanId id, const char* p, ChangeSource& source) {
  p = enter(id, p);
  if (p == nullptr) return nullptr;
  const PlanNode& node = envelope_.plan().node(id);
  if (node.type != Type::kRecord) return text_.skip(id, p);
  for (const PlanMember& member : node.members) {
    Scalar value;
    p = read_scalar(member.plan, p, value);
    if (p == nullptr) return nullptr;
    if (value.is_number) source.set_number(member.name, value.number);
    if (!value.is_text) continue;
    if (!is_text(value.text)) return text_.refuse("'source." + member.name + "' is not UTF-8");
    source.set_text(member.name, value.text);
  }
  return p;
}

const char* EventReader::read_scalar(PlanId id, const char* p, Scalar& scalar) {
  p = enter(id, p);
  if (p == nullptr) return nullptr;
  const PlanNode& node = envelope_.plan().node(id);
  switch (node.type) {
    case Type::kInt:
      scalar.is_number = true;
      return input_.read_int(p, scalar.number);
    case Type::kLong:
      scalar.is_number = true;
      return input_.read_long(p, scalar.number);
    case Type::kString:
      scalar.is_text = true;
      return input_.read_bytes(p, scalar.text);
    case Type::kBoolean: {
      bool value = false;
      p = input_.read_boolean(p, value);
      scalar.is_text = true;
      scalar.text = value ? "true" : "false";
      return p;
    }
    default:
      return text_.skip(id, p);
  }
}

}  // namespace lakeward::format::avro
