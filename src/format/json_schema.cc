#include "format/json_schema.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "base/suggest.h"

namespace lakeward::format {
namespace {

using engine::ColumnType;
using engine::TypedColumn;
using Json = nlohmann::ordered_json;

constexpr const char* kDraft = "http://json-schema.org/draft-07/schema#";

// ---- the schema of columns ----------------------------------------------------------------------

Json of_type(const char* type) { return Json{{"type", type}}; }

Json connect(const char* type, const char* connect_type) {
  return Json{{"type", type}, {"connect.type", connect_type}};
}

Json text_of(const char* format) { return Json{{"type", "string"}, {"format", format}}; }

Json decimal(int precision, int scale) {
  return Json{{"type", "number"},
              {"title", "org.apache.kafka.connect.data.Decimal"},
              {"connect.type", "bytes"},
              {"connect.version", 1},
              {"connect.parameters",
               {{"scale", std::to_string(scale)},
                {"connect.decimal.precision", std::to_string(precision)}}}};
}

Json object(const std::vector<TypedColumn>& columns, bool is_key);
Json type_of(const ColumnType& type);

Json nullable(const ColumnType& type) {
  Json own = type_of(type);
  // What may be anything may be null, and must not be so twice.
  if (!own.contains("type")) return own;
  return Json{{"oneOf", Json::array({of_type("null"), std::move(own)})}};
}

Json type_of(const ColumnType& type) {
  switch (type.id) {
    case DUCKDB_TYPE_BOOLEAN:
      return of_type("boolean");
    case DUCKDB_TYPE_TINYINT:
      return connect("integer", "int8");
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_UTINYINT:
      return connect("integer", "int16");
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_USMALLINT:
      return connect("integer", "int32");
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UINTEGER:
      return connect("integer", "int64");
    case DUCKDB_TYPE_UBIGINT:
      return decimal(20, 0);
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UHUGEINT:
      return decimal(39, 0);
    case DUCKDB_TYPE_DECIMAL:
      return decimal(type.width, type.scale);
    case DUCKDB_TYPE_FLOAT:
      return connect("number", "float32");
    case DUCKDB_TYPE_DOUBLE:
      return connect("number", "float64");
    case DUCKDB_TYPE_DATE:
      return text_of("date");
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return text_of("date-time");
    case DUCKDB_TYPE_UUID:
      return text_of("uuid");
    case DUCKDB_TYPE_BLOB: {
      Json bytes = connect("string", "bytes");
      bytes["contentEncoding"] = "base64";
      return bytes;
    }
    case DUCKDB_TYPE_VARCHAR:
      return type.is_json ? Json::object() : of_type("string");
    case DUCKDB_TYPE_LIST:
    case DUCKDB_TYPE_ARRAY:
      return Json{{"type", "array"}, {"items", nullable(type.children[0].type)}};
    case DUCKDB_TYPE_STRUCT:
      return object(type.children, false);
    case DUCKDB_TYPE_MAP: {
      Json map = connect("object", "map");
      map["additionalProperties"] = nullable(type.children[1].type);
      return map;
    }
    case DUCKDB_TYPE_SQLNULL:
      return Json::object();
    default:  // times without a zone, which no format is for, intervals, symbols
      return of_type("string");
  }
}

Json object(const std::vector<TypedColumn>& columns, bool is_key) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const TypedColumn& column : columns) {
    Json property = is_key ? type_of(column.type) : nullable(column.type);
    property["connect.index"] = properties.size();
    properties[column.name] = std::move(property);
    required.push_back(column.name);
  }
  Json schema = of_type("object");
  schema["properties"] = std::move(properties);
  if (is_key) schema["required"] = std::move(required);
  schema["additionalProperties"] = false;
  return schema;
}

std::string finish(const std::string& title, const Json& schema) {
  Json root{{"$schema", kDraft}};
  if (!title.empty()) root["title"] = title;
  root.update(schema);
  return root.dump();
}

// ---- columns by a schema that is given ----------------------------------------------------------

using Types = std::set<std::string>;
constexpr int kMostReferences = 32;

const char* kind_of(const Json& value) {
  if (value.is_null()) return "null";
  if (value.is_boolean()) return "boolean";
  if (value.is_number_integer()) return "integer";
  if (value.is_number()) return "number";
  if (value.is_string()) return "string";
  return value.is_array() ? "array" : "object";
}

// What JSON has for values of a type; nullptr: anything.
const char* written_as(const ColumnType& type) {
  const Json schema = type_of(type);
  const auto own = schema.find("type");
  if (own == schema.end()) return nullptr;
  if (*own == "number" && type.scale == 0 && type.id != DUCKDB_TYPE_FLOAT &&
      type.id != DUCKDB_TYPE_DOUBLE) {
    return "integer";
  }
  for (const char* known : {"boolean", "integer", "number", "string", "array"}) {
    if (*own == known) return known;
  }
  return "object";
}

class Planner {
 public:
  explicit Planner(const Json& root) : root_(root) {}

  Result<std::vector<JsonNull>> members(const Json& schema, const std::vector<TypedColumn>& columns,
                                        const std::string& path) const {
    static const Json kNone = Json::object();
    const auto properties = schema.find("properties");
    const Json& known = properties != schema.end() && properties->is_object() ? *properties : kNone;
    const std::vector<std::string> required = required_of(schema);
    for (const std::string& name : required) {
      const bool found = std::any_of(columns.begin(), columns.end(),
                                     [&](const auto& column) { return column.name == name; });
      if (!found) {
        return invalid_argument("no column is the schema's property '" + path + name +
                                "', which is required");
      }
    }
    std::vector<std::string> names;
    for (const auto& [name, property] : known.items()) names.push_back(name);
    std::vector<JsonNull> nulls;
    for (const TypedColumn& column : columns) {
      const auto property = known.find(column.name);
      if (property == known.end()) {
        if (is_closed(schema)) {
          return invalid_argument("the schema has no property for the column '" + path +
                                  column.name + "'" + suggestion(column.name, names) +
                                  (path.empty() ? "; or leave it out: 'exclude'" : ""));
        }
        nulls.push_back(JsonNull::kWritten);
        continue;
      }
      RETURN_IF_ERROR(value(*property, column.type, path + column.name));
      const bool needed =
          std::find(required.begin(), required.end(), column.name) != required.end();
      nulls.push_back(takes(*property, "null") ? JsonNull::kWritten
                      : needed                 ? JsonNull::kRefused
                                               : JsonNull::kLeftOut);
    }
    return nulls;
  }

  Status value(const Json& schema, const ColumnType& type, const std::string& path) const {
    const char* written = written_as(type);
    if (written == nullptr) return ok_status();
    if (!takes(schema, written)) {
      const Types types = types_of(schema).value_or(Types());
      std::string said;
      for (const std::string& one : types) said += (said.empty() ? "" : " or ") + one;
      return invalid_argument("the column '" + path + "' is written as " + written +
                              ", but the schema says " + (said.empty() ? "nothing" : said) +
                              "; cast it in the transform, or correct 'schema'");
    }
    const Json& plain = without_null(schema);
    if (type.id == DUCKDB_TYPE_STRUCT) return members(plain, type.children, path + ".").status();
    const bool is_list = type.id == DUCKDB_TYPE_LIST || type.id == DUCKDB_TYPE_ARRAY;
    const auto inner = plain.find(is_list ? "items" : "additionalProperties");
    const bool nested = is_list || type.id == DUCKDB_TYPE_MAP;
    if (!nested || inner == plain.end() || inner->is_array()) return ok_status();
    return value(*inner, type.children[is_list ? 0 : 1].type, path);
  }

 private:
  static std::vector<std::string> required_of(const Json& schema) {
    std::vector<std::string> names;
    const auto required = schema.find("required");
    if (required == schema.end() || !required->is_array()) return names;
    for (const Json& name : *required) {
      if (name.is_string()) names.push_back(name.get<std::string>());
    }
    return names;
  }

  static bool is_closed(const Json& schema) {
    const auto more = schema.find("additionalProperties");
    return more != schema.end() && *more == false && !schema.contains("patternProperties");
  }

  // What a reference within the schema points to.
  const Json& resolve(const Json& schema) const {
    const Json* found = &schema;
    for (int i = 0; i < kMostReferences && found->is_object(); ++i) {
      const auto reference = found->find("$ref");
      if (reference == found->end() || !reference->is_string()) return *found;
      const auto text = reference->get<std::string>();
      if (!text.starts_with("#/")) return *found;
      const Json* target = &root_;
      for (size_t begin = 2; target != nullptr && begin <= text.size();) {
        const size_t end = std::min(text.find('/', begin), text.size());
        const auto next = target->find(text.substr(begin, end - begin));
        target = target->is_object() && next != target->end() ? &*next : nullptr;
        begin = end + 1;
      }
      if (target == nullptr) return *found;
      found = target;
    }
    return *found;
  }

  // The types that a schema takes; nullopt: any, as far as is known here.
  std::optional<Types> types_of(const Json& given) const {
    const Json& schema = resolve(given);
    if (schema.is_boolean()) {
      return schema.get<bool>() ? std::nullopt : std::optional(Types());
    }
    if (!schema.is_object()) return std::nullopt;
    Types types;
    if (const auto type = schema.find("type"); type != schema.end()) {
      if (type->is_string()) types.insert(type->get<std::string>());
      if (type->is_array()) {
        for (const Json& one : *type) types.insert(one.is_string() ? one.get<std::string>() : "");
      }
      return types;
    }
    if (const auto constant = schema.find("const"); constant != schema.end()) {
      return Types{kind_of(*constant)};
    }
    if (const auto values = schema.find("enum"); values != schema.end() && values->is_array()) {
      for (const Json& one : *values) types.insert(kind_of(one));
      return types;
    }
    for (const char* choice : {"oneOf", "anyOf"}) {
      const auto branches = schema.find(choice);
      if (branches == schema.end() || !branches->is_array()) continue;
      for (const Json& branch : *branches) {
        const auto own = types_of(branch);
        if (!own) return std::nullopt;
        types.insert(own->begin(), own->end());
      }
      return types;
    }
    return std::nullopt;
  }

  bool takes(const Json& schema, const std::string& type) const {
    const auto types = types_of(schema);
    if (!types || types->contains(type)) return true;
    return type == "integer" && types->contains("number");
  }

  // The one branch of a choice that is not null, or the schema itself.
  const Json& without_null(const Json& given) const {
    const Json& schema = resolve(given);
    static const Json kAny = Json::object();
    if (!schema.is_object()) return kAny;
    for (const char* choice : {"oneOf", "anyOf"}) {
      const auto branches = schema.find(choice);
      if (branches == schema.end() || !branches->is_array()) continue;
      const Json* only = nullptr;
      for (const Json& branch : *branches) {
        if (types_of(branch) == Types{"null"}) continue;
        if (only != nullptr) return kAny;
        only = &branch;
      }
      return only == nullptr ? kAny : without_null(*only);
    }
    return schema;
  }

  const Json& root_;
};

}  // namespace

std::string json_schema(const std::vector<TypedColumn>& columns, const std::string& title,
                        bool is_key) {
  return finish(title, object(columns, is_key));
}

std::string bare_json_schema(const TypedColumn& column) { return finish("", type_of(column.type)); }

Result<GivenJsonSchema> read_json_schema(const std::string& schema) {
  const Json json = Json::parse(schema, nullptr, false);
  if (json.is_discarded()) return invalid_argument("the JSON Schema is not JSON");
  if (json.is_boolean()) return GivenJsonSchema();
  if (!json.is_object()) {
    return invalid_argument(std::string("a JSON Schema is an object, not ") + kind_of(json));
  }
  GivenJsonSchema given;
  const auto type = json.find("type");
  given.is_object =
      type == json.end() ? json.contains("properties") : type->is_string() && *type == "object";
  const auto title = json.find("title");
  if (title != json.end() && title->is_string()) given.title = title->get<std::string>();
  return given;
}

Result<std::vector<JsonNull>> plan_json_write(const std::string& schema,
                                              const std::vector<TypedColumn>& columns) {
  const Json json = Json::parse(schema, nullptr, false);
  return Planner(json).members(json, columns, "");
}

Status check_json_write(const std::string& schema, const TypedColumn& column) {
  const Json json = Json::parse(schema, nullptr, false);
  return Planner(json).value(json, column.type, column.name);
}

}  // namespace lakeward::format
