#include "delta/schema.h"

#include <nlohmann/json.hpp>
#include <set>

#include "engine/sql_text.h"

namespace lakeward::delta {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// Schemas nest; a hostile one must not overflow the stack.
constexpr int kMaxDepth = 100;

struct Primitive {
  const char* delta;
  const char* engine;
};
constexpr Primitive kPrimitives[] = {
    {"string", "VARCHAR"},
    {"long", "BIGINT"},
    {"integer", "INTEGER"},
    {"short", "SMALLINT"},
    {"byte", "TINYINT"},
    {"float", "FLOAT"},
    {"double", "DOUBLE"},
    {"boolean", "BOOLEAN"},
    {"date", "DATE"},
    {"timestamp", "TIMESTAMP WITH TIME ZONE"},
    {"timestamp_ntz", "TIMESTAMP"},
    {"binary", "BLOB"},
    // A column of nothing but NULL, never in the files (Delta protocol, "Void Type").
    {"void", "INTEGER"},
};

// "decimal(10,2)" with 1 <= precision <= 38 and scale <= precision.
bool is_decimal(std::string_view name) {
  int precision = 0;
  int scale = 0;
  int used = 0;
  const std::string text(name);
  if (std::sscanf(text.c_str(), "decimal(%2d,%2d)%n", &precision, &scale, &used) != 2) return false;
  return static_cast<size_t>(used) == text.size() && precision >= 1 && precision <= 38 &&
         scale >= 0 && scale <= precision;
}

Result<DataType> parse_type(const json& value, std::string_view place, int depth);

Result<Field> parse_member(const json& object, const char* type_key, const char* null_key,
                           const char* name, std::string_view place, int depth) {
  const auto type = object.find(type_key);
  if (type == object.end()) {
    return corruption(std::string(place) + ": the schema has a type without '" + type_key + "'");
  }
  Field field;
  field.name = name;
  ASSIGN_OR_RETURN(field.type, parse_type(*type, place, depth + 1));
  if (null_key != nullptr) {
    const auto nullable = object.find(null_key);
    field.nullable = nullable == object.end() || !nullable->is_boolean() || nullable->get<bool>();
  } else {
    field.nullable = false;
  }
  return field;
}

Result<std::vector<Field>> parse_fields(const json& object, std::string_view place, int depth) {
  const auto list = object.find("fields");
  if (list == object.end() || !list->is_array()) {
    return corruption(std::string(place) + ": the schema has a struct without 'fields'");
  }
  std::vector<Field> fields;
  std::set<std::string> names;
  for (const json& item : *list) {
    const auto name = item.is_object() ? item.find("name") : item.end();
    if (!item.is_object() || name == item.end() || !name->is_string()) {
      return corruption(std::string(place) + ": the schema has a field without a name");
    }
    const std::string text = name->get<std::string>();
    ASSIGN_OR_RETURN(Field field,
                     parse_member(item, "type", "nullable", text.c_str(), place, depth));
    field.name = text;
    const auto metadata = item.find("metadata");
    if (metadata != item.end() && metadata->is_object()) field.metadata = metadata->dump();
    if (!names.insert(lower_name(text)).second) {
      return corruption(std::string(place) + ": the schema has two fields '" + text + "'");
    }
    fields.push_back(std::move(field));
  }
  return fields;
}

Result<DataType> parse_primitive(const std::string& name, std::string_view place) {
  DataType type;
  type.primitive = name == "decimal" ? "decimal(10,0)" : name;
  for (const Primitive& known : kPrimitives) {
    if (name == known.delta) return type;
  }
  if (is_decimal(type.primitive)) return type;
  return unsupported(std::string(place) + ": the schema has the type '" + name +
                     "', which Lakeward does not know");
}

Result<DataType> parse_type(const json& value, std::string_view place, int depth) {
  if (depth > kMaxDepth)
    return corruption(std::string(place) + ": the schema is nested too deeply");
  if (value.is_string()) return parse_primitive(value.get<std::string>(), place);
  const auto kind = value.is_object() ? value.find("type") : value.end();
  if (!value.is_object() || kind == value.end() || !kind->is_string()) {
    return corruption(std::string(place) +
                      ": the schema has a type that is neither name nor object");
  }
  const std::string name = kind->get<std::string>();
  DataType type;
  if (name == "struct") {
    type.kind = DataType::Kind::kStruct;
    ASSIGN_OR_RETURN(type.fields, parse_fields(value, place, depth));
  } else if (name == "array") {
    type.kind = DataType::Kind::kArray;
    ASSIGN_OR_RETURN(Field element,
                     parse_member(value, "elementType", "containsNull", "element", place, depth));
    type.fields.push_back(std::move(element));
  } else if (name == "map") {
    type.kind = DataType::Kind::kMap;
    ASSIGN_OR_RETURN(Field key, parse_member(value, "keyType", nullptr, "key", place, depth));
    ASSIGN_OR_RETURN(Field item,
                     parse_member(value, "valueType", "valueContainsNull", "value", place, depth));
    type.fields.push_back(std::move(key));
    type.fields.push_back(std::move(item));
  } else {
    return unsupported(std::string(place) + ": the schema has the type '" + name +
                       "', which Lakeward does not know");
  }
  return type;
}

ordered_json print_fields(const std::vector<Field>& fields);

ordered_json print_type(const DataType& type) {
  ordered_json object;
  switch (type.kind) {
    case DataType::Kind::kPrimitive:
      return type.primitive;
    case DataType::Kind::kStruct:
      return print_fields(type.fields);
    case DataType::Kind::kArray:
      object["type"] = "array";
      object["elementType"] = print_type(type.fields[0].type);
      object["containsNull"] = type.fields[0].nullable;
      return object;
    case DataType::Kind::kMap:
      object["type"] = "map";
      object["keyType"] = print_type(type.fields[0].type);
      object["valueType"] = print_type(type.fields[1].type);
      object["valueContainsNull"] = type.fields[1].nullable;
      return object;
  }
  return object;
}

ordered_json print_fields(const std::vector<Field>& fields) {
  ordered_json list = ordered_json::array();
  for (const Field& field : fields) {
    ordered_json item;
    item["name"] = field.name;
    item["type"] = print_type(field.type);
    item["nullable"] = field.nullable;
    item["metadata"] = ordered_json::parse(field.metadata);
    list.push_back(std::move(item));
  }
  ordered_json object;
  object["type"] = "struct";
  object["fields"] = std::move(list);
  return object;
}

}  // namespace

bool DataType::operator==(const DataType& other) const {
  return kind == other.kind && primitive == other.primitive && fields == other.fields;
}

Result<TableSchema> parse_schema(std::string_view text, std::string_view place) {
  if (text.empty()) return TableSchema();
  const json value = json::parse(text.begin(), text.end(), nullptr, false);
  if (value.is_discarded() || !value.is_object()) {
    return corruption(std::string(place) + ": the schema is not a JSON object");
  }
  return parse_fields(value, place, 0);
}

std::string print_schema(const TableSchema& schema) {
  return print_fields(schema).dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string type_name(const DataType& type) {
  std::string text;
  switch (type.kind) {
    case DataType::Kind::kPrimitive:
      return type.primitive;
    case DataType::Kind::kArray:
      return "array<" + type_name(type.fields[0].type) + ">";
    case DataType::Kind::kMap:
      return "map<" + type_name(type.fields[0].type) + "," + type_name(type.fields[1].type) + ">";
    case DataType::Kind::kStruct:
      break;
  }
  for (const Field& field : type.fields) {
    text += (text.empty() ? "" : ",") + field.name + ":" + type_name(field.type);
  }
  return "struct<" + text + ">";
}

std::string engine_type(const DataType& type) {
  std::string text;
  switch (type.kind) {
    case DataType::Kind::kPrimitive:
      for (const Primitive& known : kPrimitives) {
        if (type.primitive == known.delta) return known.engine;
      }
      CHECK(type.primitive.starts_with("decimal("), type.primitive);
      return "DECIMAL" + type.primitive.substr(7);
    case DataType::Kind::kArray:
      return engine_type(type.fields[0].type) + "[]";
    case DataType::Kind::kMap:
      return "MAP(" + engine_type(type.fields[0].type) + ", " + engine_type(type.fields[1].type) +
             ")";
    case DataType::Kind::kStruct:
      break;
  }
  for (const Field& field : type.fields) {
    text += (text.empty() ? "" : ", ") + engine::quote_identifier(field.name) + " " +
            engine_type(field.type);
  }
  return "STRUCT(" + text + ")";
}

engine::Schema engine_schema(const TableSchema& schema) {
  engine::Schema columns;
  for (const Field& field : schema) columns.push_back({field.name, engine_type(field.type)});
  return columns;
}

std::string lower_name(std::string_view name) {
  std::string text(name);
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

const Field* find_field(const TableSchema& schema, std::string_view name) {
  const std::string wanted = lower_name(name);
  for (const Field& field : schema) {
    if (lower_name(field.name) == wanted) return &field;
  }
  return nullptr;
}

}  // namespace lakeward::delta
