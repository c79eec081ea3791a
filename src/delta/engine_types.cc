// From the engine's type texts to Delta's types.
#include <cstdio>
#include <set>

#include "delta/schema.h"

namespace lakeward::delta {
namespace {

struct Widening {
  const char* engine;
  const char* delta;
};
constexpr Widening kTypes[] = {
    {"VARCHAR", "string"},
    {"BIGINT", "long"},
    {"INTEGER", "integer"},
    {"SMALLINT", "short"},
    {"TINYINT", "byte"},
    {"FLOAT", "float"},
    {"DOUBLE", "double"},
    {"BOOLEAN", "boolean"},
    {"DATE", "date"},
    {"TIMESTAMP WITH TIME ZONE", "timestamp"},
    {"TIMESTAMP", "timestamp_ntz"},
    {"BLOB", "binary"},
    // Without an equal: the narrowest type that holds every value.
    {"UTINYINT", "short"},
    {"USMALLINT", "integer"},
    {"UINTEGER", "long"},
    {"UBIGINT", "decimal(20,0)"},
    {"HUGEINT", "decimal(38,0)"},
    {"UHUGEINT", "decimal(38,0)"},
    {"UUID", "string"},
    {"ENUM", "string"},
    {"TIME", "string"},
    {"TIME WITH TIME ZONE", "string"},
    {"JSON", "string"},
    {"TIMESTAMP_S", "timestamp_ntz"},
    {"TIMESTAMP_MS", "timestamp_ntz"},
    {"TIMESTAMP_NS", "timestamp_ntz"},
};

// Recursive descent over DuckDB's type texts: "STRUCT(a INTEGER, \"b c\" MAP(VARCHAR, BIGINT[]))".
class TypeParser {
 public:
  explicit TypeParser(std::string_view text) : whole_(text), rest_(text) {}

  Result<DataType> parse() {
    ASSIGN_OR_RETURN(DataType type, parse_type(0));
    skip_blanks();
    if (!rest_.empty()) return unknown(whole_);
    return type;
  }

 private:
  Status unknown(std::string_view what) const {
    return unsupported("the type " + std::string(what) +
                       " has no equal in Delta; cast it to a type that has, for example VARCHAR");
  }
  void skip_blanks() {
    while (rest_.starts_with(' ')) rest_.remove_prefix(1);
  }
  bool take(std::string_view token) {
    skip_blanks();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  // A name: quoted, or up to the blank before its type.
  std::string take_name() {
    std::string name;
    if (take("\"")) {
      while (!rest_.empty()) {
        if (rest_.starts_with("\"\"")) {
          name += '"';
          rest_.remove_prefix(2);
        } else if (rest_.front() == '"') {
          rest_.remove_prefix(1);
          break;
        } else {
          name += rest_.front();
          rest_.remove_prefix(1);
        }
      }
      return name;
    }
    const size_t end = rest_.find_first_of(" ,()");
    name = rest_.substr(0, end);
    rest_.remove_prefix(name.size());
    return name;
  }

  Result<DataType> parse_type(int depth) {
    if (depth > 100) return unknown(whole_);
    ASSIGN_OR_RETURN(DataType type, parse_base(depth));
    while (take("[")) {
      const size_t end = rest_.find(']');
      if (end == std::string_view::npos) return unknown(whole_);
      rest_.remove_prefix(end + 1);
      DataType array;
      array.kind = DataType::Kind::kArray;
      array.fields.push_back({"element", std::move(type)});
      type = std::move(array);
    }
    return type;
  }

  Result<DataType> parse_base(int depth) {
    DataType type;
    if (take("STRUCT(")) {
      type.kind = DataType::Kind::kStruct;
      do {
        skip_blanks();
        Field field;
        field.name = take_name();
        ASSIGN_OR_RETURN(field.type, parse_type(depth + 1));
        type.fields.push_back(std::move(field));
      } while (take(","));
      return take(")") ? Result<DataType>(std::move(type)) : unknown(whole_);
    }
    if (take("MAP(")) {
      type.kind = DataType::Kind::kMap;
      ASSIGN_OR_RETURN(DataType key, parse_type(depth + 1));
      if (!take(",")) return unknown(whole_);
      ASSIGN_OR_RETURN(DataType value, parse_type(depth + 1));
      type.fields.push_back({"key", std::move(key), false});
      type.fields.push_back({"value", std::move(value)});
      return take(")") ? Result<DataType>(std::move(type)) : unknown(whole_);
    }
    if (take("DECIMAL(")) {
      const size_t end = rest_.find(')');
      if (end == std::string_view::npos) return unknown(whole_);
      type.primitive = "decimal(" + std::string(rest_.substr(0, end)) + ")";
      std::erase(type.primitive, ' ');
      rest_.remove_prefix(end + 1);
      return type;
    }
    if (take("ENUM(")) return skip_enum();
    return parse_name();
  }

  Result<DataType> skip_enum() {
    bool quoted = false;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '\'') quoted = !quoted;
      if (c == ')' && !quoted) {
        DataType type;
        type.primitive = "string";
        return type;
      }
    }
    return unknown(whole_);
  }

  Result<DataType> parse_name() {
    skip_blanks();
    const size_t end = std::min(rest_.find_first_of(",()[]"), rest_.size());
    std::string_view name = rest_.substr(0, end);
    while (name.ends_with(' ')) name.remove_suffix(1);
    for (const Widening& known : kTypes) {
      if (name != known.engine) continue;
      rest_.remove_prefix(end);
      DataType type;
      type.primitive = known.delta;
      return type;
    }
    if (name == "NULL" || name == "\"NULL\"") {
      return unsupported("it is nothing but NULL and so has no type; cast it to one");
    }
    return unknown(name);
  }

  std::string_view whole_;
  std::string_view rest_;
};

}  // namespace

Result<DataType> delta_type(std::string_view engine_type) {
  return TypeParser(engine_type).parse();
}

Result<TableSchema> delta_schema(const engine::Schema& columns) {
  TableSchema schema;
  std::set<std::string> names;
  for (const engine::Column& column : columns) {
    Field field;
    field.name = column.name;
    auto type = delta_type(column.type);
    if (!type.ok()) return type.status().with_context("column '" + column.name + "'");
    field.type = std::move(*type);
    if (!names.insert(lower_name(column.name)).second) {
      return invalid_argument(
          "column '" + column.name +
          "' is there twice (Delta's names differ in more than case); rename one");
    }
    schema.push_back(std::move(field));
  }
  return schema;
}

}  // namespace lakeward::delta
