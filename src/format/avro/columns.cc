#include "format/avro/columns.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "format/column_kind.h"

namespace lakeward::format::avro {
namespace {

constexpr int kMaxDecimalDigits = 38;

Target target_of(ColumnKind kind, const std::string& type) {
  switch (kind) {
    case ColumnKind::kBoolean:
      return Target::kBoolean;
    case ColumnKind::kTinyint:
      return Target::kTinyint;
    case ColumnKind::kSmallint:
      return Target::kSmallint;
    case ColumnKind::kInteger:
      return Target::kInteger;
    case ColumnKind::kBigint:
      return Target::kBigint;
    case ColumnKind::kUtinyint:
      return Target::kUtinyint;
    case ColumnKind::kUsmallint:
      return Target::kUsmallint;
    case ColumnKind::kUinteger:
      return Target::kUinteger;
    case ColumnKind::kUbigint:
      return Target::kUbigint;
    case ColumnKind::kFloat:
      return Target::kFloat;
    case ColumnKind::kDouble:
      return Target::kDouble;
    case ColumnKind::kVarchar:
      return Target::kVarchar;
    case ColumnKind::kDate:
      return Target::kDate;
    case ColumnKind::kTimestamp:
      return Target::kTimestamp;
    case ColumnKind::kTimestampTz:
      return Target::kTimestampTz;
    case ColumnKind::kBlob:
      return Target::kBlob;
    case ColumnKind::kListText:
      return Target::kListText;
    case ColumnKind::kObjectText:
      return type.starts_with("MAP(") ? Target::kMapText : Target::kStructText;
    case ColumnKind::kJsonText:
      return Target::kJsonText;
    case ColumnKind::kScalarText:
      break;
  }
  if (type == "TIME") return Target::kTime;
  if (type == "UUID") return Target::kUuid;
  if (type == "INTERVAL") return Target::kInterval;
  return type.starts_with("DECIMAL(") ? Target::kDecimal : Target::kScalarText;
}

class TypeDeriver {
 public:
  explicit TypeDeriver(const Schema& schema) : schema_(schema), path_{schema.root()} {}

  // Empty if only JSON holds it.
  std::string derive(NodeId id) {
    const Node& node = schema_.node(id);
    if (node.type == Type::kUnion) return derive_union(node);
    if (std::find(path_.begin(), path_.end(), id) != path_.end()) return "";
    path_.push_back(id);
    std::string type = derive_node(node);
    path_.pop_back();
    return type;
  }

 private:
  std::string derive_node(const Node& node) {
    switch (node.type) {
      case Type::kNull:
        return "VARCHAR";
      case Type::kBoolean:
        return "BOOLEAN";
      case Type::kFloat:
        return "FLOAT";
      case Type::kDouble:
        return "DOUBLE";
      case Type::kString:
      case Type::kEnum:
        return "VARCHAR";
      case Type::kInt:
      case Type::kLong:
      case Type::kBytes:
      case Type::kFixed:
        return derive_logical(node);
      case Type::kArray: {
        const std::string items = derive(node.branches[0]);
        return items.empty() ? "JSON[]" : items + "[]";
      }
      case Type::kMap: {
        const std::string values = derive(node.branches[0]);
        return "MAP(VARCHAR, " + (values.empty() ? "JSON" : values) + ")";
      }
      case Type::kUnion:
        break;
      case Type::kRecord:
        return derive_record(node);
    }
    return "";
  }

  std::string derive_logical(const Node& node) {
    switch (node.logical) {
      case Logical::kDate:
        return "DATE";
      case Logical::kTimeMillis:
      case Logical::kTimeMicros:
        return "TIME";
      case Logical::kTimestampMillis:
      case Logical::kTimestampMicros:
      case Logical::kTimestampNanos:
        return "TIMESTAMP WITH TIME ZONE";
      case Logical::kLocalTimestampMillis:
      case Logical::kLocalTimestampMicros:
      case Logical::kLocalTimestampNanos:
        return "TIMESTAMP";
      case Logical::kDecimal:
        if (node.precision > kMaxDecimalDigits) return "VARCHAR";
        return "DECIMAL(" + std::to_string(node.precision) + "," + std::to_string(node.scale) + ")";
      case Logical::kUuid:
        return "VARCHAR";
      case Logical::kDuration:
        return "INTERVAL";
      case Logical::kNone:
        break;
    }
    if (node.type == Type::kInt) return "INTEGER";
    if (node.type == Type::kLong) return "BIGINT";
    // Inside of nested values, bytes are text in base64.
    return path_.size() == kColumnDepth ? "BLOB" : "VARCHAR";
  }

  // A union of one type and null.
  std::string derive_union(const Node& node) {
    std::string type;
    for (const NodeId branch : node.branches) {
      if (schema_.node(branch).type == Type::kNull) continue;
      if (!type.empty()) return "";
      type = derive(branch);
      if (type.empty()) return "";
    }
    return type.empty() ? "VARCHAR" : type;
  }

  std::string derive_record(const Node& node) {
    std::string fields;
    for (const Field& field : node.fields) {
      const std::string type = derive(field.type);
      fields += fields.empty() ? "\"" : ", \"";
      for (const char c : field.name) fields += c == '"' ? std::string("\"\"") : std::string(1, c);
      fields += "\" " + (type.empty() ? "JSON" : type);
    }
    return fields.empty() ? "" : "STRUCT(" + fields + ")";
  }

  // The root and the column itself.
  static constexpr size_t kColumnDepth = 2;

  const Schema& schema_;
  std::vector<NodeId> path_;  // from the root
};

}  // namespace

Result<std::vector<TargetColumn>> target_columns(const engine::Schema& columns, bool utc) {
  ASSIGN_OR_RETURN(const DeclaredColumns declared, declare_columns(columns, /*utc=*/true));
  std::vector<TargetColumn> result;
  for (size_t i = 0; i < declared.kinds.size(); ++i) {
    TargetColumn column;
    column.name = declared.declared[i].name;
    column.type = declared.declared[i].type;
    column.target = target_of(declared.kinds[i], column.type);
    column.decoded = column.target >= Target::kListText ? "VARCHAR" : column.type;
    column.utc = utc;
    if (column.target == Target::kDecimal) {
      const char* const end = column.type.data() + column.type.size();
      const auto precision = std::from_chars(column.type.data() + 8, end, column.precision);
      std::from_chars(precision.ptr + 1, end, column.scale);
    }
    result.push_back(std::move(column));
  }
  return result;
}

Result<engine::Schema> derive_columns(const Schema& schema) {
  const Node& root = schema.node(schema.root());
  if (root.type != Type::kRecord) {
    return invalid_argument("the Avro schema is no record, but of type " +
                            std::string(to_string(root.type)) + ": it has no columns");
  }
  engine::Schema columns;
  TypeDeriver deriver(schema);
  for (const Field& field : root.fields) {
    std::string type = deriver.derive(field.type);
    columns.push_back({field.name, type.empty() ? "JSON" : std::move(type)});
  }
  return columns;
}

}  // namespace lakeward::format::avro
