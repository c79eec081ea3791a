#include "format/avro/plan.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "format/reasons.h"
#include "format/record_batch.h"

namespace lakeward::format::avro {
namespace {

bool is_named(Type type) {
  return type == Type::kFixed || type == Type::kEnum || type == Type::kRecord;
}

bool is_promotable(Type from, Type to) {
  switch (from) {
    case Type::kInt:
      return to == Type::kLong || to == Type::kFloat || to == Type::kDouble;
    case Type::kLong:
      return to == Type::kFloat || to == Type::kDouble;
    case Type::kFloat:
      return to == Type::kDouble;
    case Type::kString:
      return to == Type::kBytes;
    case Type::kBytes:
      return to == Type::kString;
    default:
      return false;
  }
}

// Whether the writer's named type is the reader's, by its name or one of the reader's aliases.
bool names_match(const Node& writer, const Node& reader) {
  return unqualified(writer.name) == unqualified(reader.name) ||
         std::find(reader.aliases.begin(), reader.aliases.end(), writer.name) !=
             reader.aliases.end();
}

bool is_same(const Node& writer, const Node& reader) {
  return writer.type == reader.type && (!is_named(writer.type) || names_match(writer, reader)) &&
         (writer.type != Type::kFixed || writer.size == reader.size);
}

bool matches(const Node& writer, const Node& reader) {
  return is_same(writer, reader) || is_promotable(writer.type, reader.type);
}

std::string describe(const Node& node) {
  std::string text(to_string(node.type));
  if (is_named(node.type)) text += " '" + excerpt(node.name) + "'";
  if (node.type == Type::kFixed) text += " of " + std::to_string(node.size) + " bytes";
  return text;
}

// A kind of time, and its unit as a power of ten of a second.
struct TimeUnit {
  Logical kind;
  int digits;
};

std::optional<TimeUnit> time_unit(Logical logical) {
  switch (logical) {
    case Logical::kTimeMillis:
      return TimeUnit{Logical::kTimeMillis, 3};
    case Logical::kTimeMicros:
      return TimeUnit{Logical::kTimeMillis, 6};
    case Logical::kTimestampMillis:
      return TimeUnit{Logical::kTimestampMillis, 3};
    case Logical::kTimestampMicros:
      return TimeUnit{Logical::kTimestampMillis, 6};
    case Logical::kTimestampNanos:
      return TimeUnit{Logical::kTimestampMillis, 9};
    case Logical::kLocalTimestampMillis:
      return TimeUnit{Logical::kLocalTimestampMillis, 3};
    case Logical::kLocalTimestampMicros:
      return TimeUnit{Logical::kLocalTimestampMillis, 6};
    case Logical::kLocalTimestampNanos:
      return TimeUnit{Logical::kLocalTimestampMillis, 9};
    default:
      return std::nullopt;
  }
}

// The reader's logical type, in the unit in which the writer's numbers are.
Logical resolve_logical(Logical writer, Logical reader) {
  const auto from = time_unit(writer);
  const auto to = time_unit(reader);
  if (!from || !to) return reader;
  for (const Logical candidate :
       {Logical::kTimeMillis, Logical::kTimeMicros, Logical::kTimestampMillis,
        Logical::kTimestampMicros, Logical::kTimestampNanos, Logical::kLocalTimestampMillis,
        Logical::kLocalTimestampMicros, Logical::kLocalTimestampNanos}) {
    const auto unit = time_unit(candidate);
    if (unit->kind == to->kind && unit->digits == from->digits) return candidate;
  }
  return reader;
}

std::string key_of(const std::string& name) { return nlohmann::json(name).dump() + ":"; }

// The number of the reader's field that the writer's is read as.
std::optional<size_t> find_field(const Node& reader, const std::string& name) {
  for (size_t i = 0; i < reader.fields.size(); ++i) {
    if (reader.fields[i].name == name) return i;
  }
  for (size_t i = 0; i < reader.fields.size(); ++i) {
    const std::vector<std::string>& aliases = reader.fields[i].aliases;
    if (std::find(aliases.begin(), aliases.end(), name) != aliases.end()) return i;
  }
  return std::nullopt;
}

}  // namespace

Plan::Plan(const Schema& writer, const Schema* reader) {
  root_ = resolve({&writer, writer.root(), reader, reader == nullptr ? 0 : reader->root()});
}

PlanId Plan::resolve(Pair pair) {
  if (pair.reader == nullptr) pair.to = 0;
  const auto found = known_.find(pair);
  if (found != known_.end()) return found->second;
  const auto id = static_cast<PlanId>(nodes_.size());
  nodes_.emplace_back();
  known_.emplace(pair, id);
  fill(id, pair);
  return id;
}

void Plan::fill(PlanId id, const Pair& pair) {
  const Node& writer = pair.source();
  nodes_[id].type = nodes_[id].shown = writer.type;
  nodes_[id].size = writer.size;
  if (writer.type == Type::kUnion ||
      (pair.reader != nullptr && pair.target().type == Type::kUnion)) {
    return fill_union(id, pair);
  }
  const Node& reader = pair.reader == nullptr ? writer : pair.target();
  if (pair.reader != nullptr && !matches(writer, reader)) {
    nodes_[id].mismatch =
        "the writer's " + describe(writer) + " is not the reader's " + describe(reader);
    return;
  }
  nodes_[id].shown = reader.type;
  nodes_[id].logical = resolve_logical(writer.logical, reader.logical);
  const Node& decimal = writer.logical == Logical::kDecimal ? writer : reader;
  nodes_[id].precision = decimal.precision;
  nodes_[id].scale = decimal.scale;
  switch (writer.type) {
    case Type::kRecord:
      return fill_record(id, pair);
    case Type::kEnum:
      return fill_enum(id, pair);
    case Type::kArray:
    case Type::kMap: {
      const PlanId values =
          resolve({pair.writer, writer.branches[0], pair.reader, reader.branches[0]});
      nodes_[id].children = {values};
      return;
    }
    default:
      return;
  }
}

void Plan::fill_union(PlanId id, const Pair& pair) {
  const Node& writer = pair.source();
  if (writer.type == Type::kUnion) {
    std::vector<PlanId> children;
    for (const NodeId branch : writer.branches) {
      children.push_back(resolve({pair.writer, branch, pair.reader, pair.to}));
    }
    nodes_[id].children = std::move(children);
    return;
  }
  const Node& reader = pair.target();
  const auto find = [&](auto fits) {
    return std::find_if(reader.branches.begin(), reader.branches.end(),
                        [&](NodeId branch) { return fits(writer, pair.reader->node(branch)); });
  };
  auto branch = find(is_same);
  if (branch == reader.branches.end()) branch = find(matches);
  if (branch == reader.branches.end()) {
    nodes_[id].mismatch =
        "the writer's " + describe(writer) + " is in no branch of the reader's union";
    return;
  }
  fill(id, {pair.writer, pair.from, pair.reader, *branch});
}

void Plan::fill_record(PlanId id, const Pair& pair) {
  const Node& writer = pair.source();
  const Node& reader = pair.reader == nullptr ? writer : pair.target();
  std::vector<PlanMember> members;
  std::vector<bool> seen(reader.fields.size());
  for (const Field& field : writer.fields) {
    PlanMember member;
    const std::optional<size_t> number =
        pair.reader == nullptr ? std::optional(members.size()) : find_field(reader, field.name);
    if (number && !seen[*number]) {
      const Field& wanted = reader.fields[*number];
      seen[*number] = member.wanted = true;
      member.name = wanted.name;
      member.key = key_of(wanted.name);
      member.plan = resolve({pair.writer, field.type, pair.reader, wanted.type});
    } else {
      member.plan = resolve({pair.writer, field.type, nullptr, 0});
    }
    members.push_back(std::move(member));
  }
  std::vector<PlanDefault> defaults;
  for (size_t i = 0; i < reader.fields.size(); ++i) {
    const Field& field = reader.fields[i];
    if (seen[i]) continue;
    if (!field.default_json) {
      nodes_[id].mismatch = "the writer's " + describe(writer) + " has no field '" +
                            excerpt(field.name) + "', and the reader's has no default for it";
      return;
    }
    Result<std::string> bytes = encode_default(*pair.reader, field.type, *field.default_json);
    if (!bytes.ok()) {
      nodes_[id].mismatch = "the field '" + excerpt(field.name) +
                            "' of the reader's record: " + bytes.status().message();
      return;
    }
    PlanDefault missing;
    missing.name = field.name;
    missing.key = key_of(field.name);
    missing.size = bytes->size();
    missing.bytes = std::move(*bytes) + std::string(kPadding, '\0');
    missing.plan = resolve({pair.reader, field.type, nullptr, 0});
    defaults.push_back(std::move(missing));
  }
  nodes_[id].members = std::move(members);
  nodes_[id].defaults = std::move(defaults);
}

void Plan::fill_enum(PlanId id, const Pair& pair) {
  const Node& writer = pair.source();
  for (const std::string& symbol : writer.symbols) {
    PlanSymbol known{symbol, true};
    if (pair.reader != nullptr) {
      const Node& reader = pair.target();
      const auto has = [&](const std::string& text) {
        return std::find(reader.symbols.begin(), reader.symbols.end(), text) !=
               reader.symbols.end();
      };
      if (!has(symbol)) {
        known.known = reader.enum_default && has(*reader.enum_default);
        if (known.known) known.text = *reader.enum_default;
      }
    }
    nodes_[id].symbols.push_back(std::move(known));
  }
}

PlanId Plan::shaped(PlanId id, const TypeShape& shape) {
  if (shape.kind == TypeShape::Kind::kAny) return id;
  PlanNode node = nodes_[id];
  if (node.type == Type::kUnion) {
    for (PlanId& child : node.children) child = shaped(child, shape);
  } else if ((node.type == Type::kArray && shape.kind == TypeShape::Kind::kList) ||
             (node.type == Type::kMap && shape.kind == TypeShape::Kind::kMap)) {
    node.children[0] = shaped(node.children[0], shape.children[0]);
  } else if (node.type == Type::kRecord && shape.kind == TypeShape::Kind::kStruct) {
    shape_record(node, shape);
  } else {
    return id;
  }
  nodes_.push_back(std::move(node));
  return static_cast<PlanId>(nodes_.size() - 1);
}

void Plan::shape_record(PlanNode& node, const TypeShape& shape) {
  const auto find = [&](const std::string& name) -> const TypeShape* {
    const auto field = std::find(shape.names.begin(), shape.names.end(), name);
    return field == shape.names.end() ? nullptr : &shape.children[field - shape.names.begin()];
  };
  std::set<std::string> found;
  for (PlanMember& member : node.members) {
    const TypeShape* inner = member.wanted ? find(member.name) : nullptr;
    member.wanted = inner != nullptr && found.insert(member.name).second;
    if (member.wanted) member.plan = shaped(member.plan, *inner);
  }
  std::vector<PlanDefault> defaults;
  for (PlanDefault& missing : node.defaults) {
    const TypeShape* inner = find(missing.name);
    if (inner == nullptr || !found.insert(missing.name).second) continue;
    missing.plan = shaped(missing.plan, *inner);
    defaults.push_back(std::move(missing));
  }
  for (const std::string& name : shape.names) {
    if (found.contains(name)) continue;
    PlanDefault absent;
    absent.name = name;
    absent.key = key_of(name);
    absent.bytes.assign(kPadding, '\0');
    absent.plan = static_cast<PlanId>(nodes_.size());
    nodes_.emplace_back();  // a null
    defaults.push_back(std::move(absent));
  }
  node.defaults = std::move(defaults);
}

}  // namespace lakeward::format::avro
