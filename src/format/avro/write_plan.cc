#include "format/avro/write_plan.h"

#include <algorithm>
#include <utility>

#include "base/suggest.h"

namespace lakeward::format::avro {
namespace {

using engine::ColumnType;
using engine::TypedColumn;

// Whether a column's values are whole numbers that Avro's int holds.
bool fits_int(duckdb_type id) {
  switch (id) {
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
      return true;
    default:
      return false;
  }
}

bool is_text(duckdb_type id) {
  return id == DUCKDB_TYPE_VARCHAR || id == DUCKDB_TYPE_ENUM || id == DUCKDB_TYPE_UUID;
}

// The digits and the scale of a column whose values are decimals; nullopt if they are none.
std::optional<std::pair<int, int>> decimal_of(const ColumnType& type) {
  switch (type.id) {
    case DUCKDB_TYPE_DECIMAL:
      return std::pair<int, int>(type.width, type.scale);
    case DUCKDB_TYPE_UBIGINT:
      return std::pair(20, 0);
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UHUGEINT:
      return std::pair(39, 0);
    default:
      return std::nullopt;
  }
}

class WritePlanner {
 public:
  explicit WritePlanner(const Schema& schema) : schema_(schema) {}

  Result<std::vector<WriteField>> record(NodeId id, const std::vector<TypedColumn>& columns,
                                         const std::string& path) {
    const Node& node = schema_.node(id);
    std::vector<WriteField> fields;
    std::vector<std::string> names;
    for (const Field& field : node.fields) {
      names.push_back(field.name);
      const auto column = std::find_if(columns.begin(), columns.end(), [&](const auto& candidate) {
        return candidate.name == field.name;
      });
      WriteField& written = fields.emplace_back();
      const std::string name = path + field.name;
      if (column == columns.end()) {
        if (!field.default_json) {
          return invalid_argument("no column is the schema's field '" + name +
                                  "', which has no default; name one so in the transform");
        }
        ASSIGN_OR_RETURN(written.default_bytes,
                         encode_default(schema_, field.type, *field.default_json));
        continue;
      }
      written.column = static_cast<size_t>(column - columns.begin());
      ASSIGN_OR_RETURN(written.node, value(field.type, column->type, name));
    }
    for (const TypedColumn& column : columns) {
      if (std::find(names.begin(), names.end(), column.name) == names.end()) {
        return invalid_argument("the schema has no field for the column '" + path + column.name +
                                "'" + suggestion(column.name, names));
      }
    }
    return fields;
  }

 private:
  Result<WriteNode> value(NodeId id, const ColumnType& type, const std::string& name) {
    const Node& node = schema_.node(id);
    if (node.type != Type::kUnion) return single(id, type, name);
    int null_branch = -1;
    for (size_t i = 0; i < node.branches.size(); ++i) {
      if (schema_.node(node.branches[i]).type == Type::kNull) null_branch = static_cast<int>(i);
    }
    Status refusal;
    for (size_t i = 0; i < node.branches.size(); ++i) {
      if (static_cast<int>(i) == null_branch) continue;
      Result<WriteNode> written = single(node.branches[i], type, name);
      if (written.ok()) {
        written->null_branch = null_branch;
        written->value_branch = static_cast<int>(i);
        return written;
      }
      if (refusal.ok()) refusal = written.status();
    }
    if (refusal.ok()) return invalid_argument("the schema's field '" + name + "' is only null");
    return refusal;
  }

  // As one type that is no union.
  Result<WriteNode> single(NodeId id, const ColumnType& type, const std::string& name) {
    const Node& node = schema_.node(id);
    WriteNode written;
    written.name = name;
    switch (node.type) {
      case Type::kArray:
        if (type.id != DUCKDB_TYPE_LIST && type.id != DUCKDB_TYPE_ARRAY) break;
        return items(node, type.children[0].type, std::move(written));
      case Type::kMap:
        if (type.id != DUCKDB_TYPE_MAP || type.children[0].type.id != DUCKDB_TYPE_VARCHAR) break;
        return items(node, type.children[1].type, std::move(written));
      case Type::kRecord: {
        if (type.id != DUCKDB_TYPE_STRUCT) break;
        ASSIGN_OR_RETURN(written.fields, record(id, type.children, name + "."));
        return written;
      }
      default:
        if (fits(node, type, written)) return written;
    }
    return invalid_argument("the column '" + name + "' cannot be written as the schema's " +
                            std::string(to_string(node.type)) +
                            "; cast it in the transform, or leave 'schema' out");
  }

  Result<WriteNode> items(const Node& node, const ColumnType& type, WriteNode written) {
    ASSIGN_OR_RETURN(WriteNode item, value(node.branches[0], type, written.name));
    written.items.push_back(std::move(item));
    return written;
  }

  // A scalar.
  static bool fits(const Node& node, const ColumnType& type, WriteNode& written) {
    const duckdb_type id = type.id;
    switch (node.type) {
      case Type::kBoolean:
        return id == DUCKDB_TYPE_BOOLEAN;
      case Type::kInt:
        return node.logical == Logical::kDate ? id == DUCKDB_TYPE_DATE
                                              : fits_int(id) && node.logical == Logical::kNone;
      case Type::kLong:
        return fits_long(node.logical, id, written);
      case Type::kFloat:
        return id == DUCKDB_TYPE_FLOAT;
      case Type::kDouble:
        written.widens = id == DUCKDB_TYPE_FLOAT;
        return id == DUCKDB_TYPE_DOUBLE || written.widens;
      case Type::kString:
        return is_text(id);
      case Type::kBytes: {
        if (node.logical != Logical::kDecimal) return id == DUCKDB_TYPE_BLOB;
        const auto decimal = decimal_of(type);
        return decimal && decimal->first <= node.precision && decimal->second == node.scale;
      }
      default:
        return false;
    }
  }

  static bool fits_long(Logical logical, duckdb_type id, WriteNode& written) {
    const bool local = id == DUCKDB_TYPE_TIMESTAMP || id == DUCKDB_TYPE_TIMESTAMP_S ||
                       id == DUCKDB_TYPE_TIMESTAMP_MS;
    switch (logical) {
      case Logical::kNone:
        return fits_int(id) || id == DUCKDB_TYPE_BIGINT || id == DUCKDB_TYPE_UINTEGER;
      case Logical::kTimeMicros:
        return id == DUCKDB_TYPE_TIME;
      case Logical::kTimestampMillis:
        written.divisor = 1'000;
        return id == DUCKDB_TYPE_TIMESTAMP_TZ;
      case Logical::kTimestampMicros:
        return id == DUCKDB_TYPE_TIMESTAMP_TZ;
      case Logical::kLocalTimestampMillis:
        written.divisor = 1'000;
        return local;
      case Logical::kLocalTimestampMicros:
        return local;
      case Logical::kLocalTimestampNanos:
        return id == DUCKDB_TYPE_TIMESTAMP_NS;
      default:
        return false;
    }
  }

  const Schema& schema_;
};

}  // namespace

Result<std::vector<WriteField>> plan_write(const Schema& schema,
                                           const std::vector<TypedColumn>& columns) {
  if (schema.node(schema.root()).type != Type::kRecord) {
    return invalid_argument("the schema is no record, and rows are nothing else");
  }
  return WritePlanner(schema).record(schema.root(), columns, "");
}

}  // namespace lakeward::format::avro
