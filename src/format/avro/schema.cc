#include "format/avro/schema.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "format/reasons.h"

namespace lakeward::format::avro {

namespace {

using Json = nlohmann::json;

constexpr std::string_view kTypeNames[] = {"null",   "boolean", "int",    "long",  "float",
                                           "double", "bytes",   "string", "fixed", "enum",
                                           "record", "array",   "map",    "union"};
constexpr size_t kPrimitives = 8;
// Deeper schemas are not met; their parsing would go as deep as they do.
constexpr int kMaxDepth = 100;

constexpr std::pair<std::string_view, std::pair<Type, Logical>> kLogicalTypes[] = {
    {"date", {Type::kInt, Logical::kDate}},
    {"time-millis", {Type::kInt, Logical::kTimeMillis}},
    {"time-micros", {Type::kLong, Logical::kTimeMicros}},
    {"timestamp-millis", {Type::kLong, Logical::kTimestampMillis}},
    {"timestamp-micros", {Type::kLong, Logical::kTimestampMicros}},
    {"timestamp-nanos", {Type::kLong, Logical::kTimestampNanos}},
    {"local-timestamp-millis", {Type::kLong, Logical::kLocalTimestampMillis}},
    {"local-timestamp-micros", {Type::kLong, Logical::kLocalTimestampMicros}},
    {"local-timestamp-nanos", {Type::kLong, Logical::kLocalTimestampNanos}},
    {"uuid", {Type::kString, Logical::kUuid}},
    {"uuid", {Type::kFixed, Logical::kUuid}},
    {"duration", {Type::kFixed, Logical::kDuration}},
    // Debezium's semantic types, which its Avro schemas carry as `connect.name`. Their times have
    // no zone.
    {"io.debezium.time.Date", {Type::kInt, Logical::kDate}},
    {"io.debezium.time.Time", {Type::kInt, Logical::kTimeMillis}},
    {"io.debezium.time.MicroTime", {Type::kLong, Logical::kTimeMicros}},
    {"io.debezium.time.Timestamp", {Type::kLong, Logical::kLocalTimestampMillis}},
    {"io.debezium.time.MicroTimestamp", {Type::kLong, Logical::kLocalTimestampMicros}},
    {"io.debezium.time.NanoTimestamp", {Type::kLong, Logical::kLocalTimestampNanos}},
};

// How many digits every number of so many bytes has room for.
int decimal_digits(uint32_t bytes) {
  return static_cast<int>(std::floor(std::log10(2) * (8.0 * bytes - 1)));
}

std::string text_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

int number_of(const Json& json, const char* key, int missing) {
  const auto found = json.find(key);
  if (found == json.end()) return missing;
  if (!found->is_number_integer()) return -1;
  const auto value = found->get<int64_t>();
  return value < 0 || value > 100'000 ? -1 : static_cast<int>(value);
}

void set_logical(const Json& json, Node& node) {
  std::string name = text_of(json, "logicalType");
  if (name.empty()) name = text_of(json, "connect.name");
  if (name == "decimal" && (node.type == Type::kBytes || node.type == Type::kFixed)) {
    const int precision = number_of(json, "precision", -1);
    const int scale = number_of(json, "scale", 0);
    const bool fits = node.type == Type::kBytes || precision <= decimal_digits(node.size);
    if (precision < 1 || scale < 0 || scale > precision || !fits) return;
    node.logical = Logical::kDecimal;
    node.precision = precision;
    node.scale = scale;
    return;
  }
  for (const auto& [known, meaning] : kLogicalTypes) {
    if (known != name || meaning.first != node.type) continue;
    if (node.type == Type::kFixed && node.size != (meaning.second == Logical::kUuid ? 16u : 12u)) {
      continue;
    }
    node.logical = meaning.second;
  }
}

}  // namespace

std::string_view to_string(Type type) { return kTypeNames[static_cast<size_t>(type)]; }

std::string_view unqualified(std::string_view name) {
  const size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

class SchemaParser {
 public:
  explicit SchemaParser(Schema& schema) : schema_(schema) {}

  Status add(std::string_view text, const std::string& what) {
    const Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded()) return invalid_argument(what + " is not JSON: " + excerpt(text));
    Result<NodeId> root = parse(json, "", 0);
    if (!root.ok()) return root.status().with_context(what);
    schema_.root_ = *root;
    return ok_status();
  }

 private:
  NodeId add_node(Type type) {
    schema_.nodes_.emplace_back().type = type;
    return static_cast<NodeId>(schema_.nodes_.size() - 1);
  }
  Node& node(NodeId id) { return schema_.nodes_[id]; }

  Result<NodeId> parse(const Json& json, const std::string& space, int depth) {
    if (depth > kMaxDepth) return invalid_argument("it is nested too deeply");
    if (json.is_string()) return parse_name(json.get<std::string>(), space);
    if (json.is_array()) return parse_union(json, space, depth);
    if (!json.is_object()) return invalid_argument("a type is missing: " + excerpt(json.dump()));
    const auto type = json.find("type");
    if (type == json.end()) return invalid_argument("no 'type' in " + excerpt(json.dump()));
    if (!type->is_string()) return parse(*type, space, depth + 1);
    const std::string name = type->get<std::string>();
    if (name == "record" || name == "error") return parse_record(json, space, depth);
    if (name == "enum") return parse_enum(json, space);
    if (name == "fixed") return parse_fixed(json, space);
    if (name == "array" || name == "map") {
      const char* key = name == "array" ? "items" : "values";
      if (!json.contains(key)) return invalid_argument("a " + name + " without '" + key + "'");
      ASSIGN_OR_RETURN(const NodeId values, parse(json[key], space, depth + 1));
      const NodeId id = add_node(name == "array" ? Type::kArray : Type::kMap);
      node(id).branches = {values};
      return id;
    }
    ASSIGN_OR_RETURN(const NodeId id, parse_name(name, space));
    if (static_cast<size_t>(node(id).type) < kPrimitives) set_logical(json, node(id));
    return id;
  }

  Result<NodeId> parse_name(const std::string& name, const std::string& space) {
    for (size_t i = 0; i < kPrimitives; ++i) {
      if (kTypeNames[i] == name) return add_node(static_cast<Type>(i));
    }
    for (const std::string& full : {qualified(name, space), name}) {
      const auto found = names_.find(full);
      if (found != names_.end()) return found->second;
    }
    return invalid_argument("unknown type '" + excerpt(name) + "'");
  }

  Result<NodeId> parse_union(const Json& json, const std::string& space, int depth) {
    std::vector<NodeId> branches;
    for (const Json& branch : json) {
      ASSIGN_OR_RETURN(const NodeId id, parse(branch, space, depth + 1));
      if (node(id).type == Type::kUnion) return invalid_argument("a union directly in a union");
      branches.push_back(id);
    }
    if (branches.empty()) return invalid_argument("a union of nothing");
    const NodeId id = add_node(Type::kUnion);
    node(id).branches = std::move(branches);
    return id;
  }

  static std::string qualified(const std::string& name, const std::string& space) {
    return space.empty() || name.find('.') != std::string::npos ? name : space + "." + name;
  }

  // A named type: notes its name and aliases. `space` becomes the namespace inside of it.
  Result<NodeId> parse_named(Type type, const Json& json, std::string& space) {
    const std::string name = text_of(json, "name");
    const std::string what(to_string(type));
    if (name.empty()) return invalid_argument("a " + what + " without a name");
    const auto own = json.find("namespace");
    if (own != json.end() && own->is_string()) space = own->get<std::string>();
    const std::string full = qualified(name, space);
    const size_t dot = full.rfind('.');
    space = dot == std::string::npos ? "" : full.substr(0, dot);
    const NodeId id = add_node(type);
    node(id).name = full;
    if (const auto aliases = json.find("aliases"); aliases != json.end() && aliases->is_array()) {
      for (const Json& alias : *aliases) {
        if (alias.is_string()) {
          node(id).aliases.push_back(qualified(alias.get<std::string>(), space));
        }
      }
    }
    if (!names_.emplace(full, id).second) {
      return invalid_argument("the type '" + excerpt(full) + "' is defined twice");
    }
    return id;
  }

  Result<NodeId> parse_record(const Json& json, std::string space, int depth) {
    ASSIGN_OR_RETURN(const NodeId id, parse_named(Type::kRecord, json, space));
    const auto fields = json.find("fields");
    if (fields == json.end() || !fields->is_array()) {
      return invalid_argument("the record '" + excerpt(node(id).name) + "' has no 'fields'");
    }
    for (const Json& described : *fields) {
      Field field;
      field.name = described.is_object() ? text_of(described, "name") : "";
      const std::string place = node(id).name + "." + field.name;
      if (field.name.empty() || !described.contains("type")) {
        return invalid_argument("a field of '" + excerpt(place) + "' without name or type");
      }
      for (const Field& other : node(id).fields) {
        if (other.name == field.name) {
          return invalid_argument("the field '" + excerpt(place) + "' is there twice");
        }
      }
      Result<NodeId> type = parse(described["type"], space, depth + 1);
      if (!type.ok()) return type.status().with_context("'" + excerpt(place) + "'");
      field.type = *type;
      if (described.contains("default")) field.default_json = described["default"].dump();
      if (described.contains("aliases") && described["aliases"].is_array()) {
        for (const Json& alias : described["aliases"]) {
          if (alias.is_string()) field.aliases.push_back(alias.get<std::string>());
        }
      }
      node(id).fields.push_back(std::move(field));
    }
    return id;
  }

  Result<NodeId> parse_enum(const Json& json, std::string space) {
    ASSIGN_OR_RETURN(const NodeId id, parse_named(Type::kEnum, json, space));
    const auto symbols = json.find("symbols");
    if (symbols != json.end() && symbols->is_array()) {
      for (const Json& symbol : *symbols) {
        if (symbol.is_string()) node(id).symbols.push_back(symbol.get<std::string>());
      }
    }
    if (node(id).symbols.empty()) {
      return invalid_argument("the enum '" + excerpt(node(id).name) + "' has no 'symbols'");
    }
    if (json.contains("default")) node(id).enum_default = text_of(json, "default");
    return id;
  }

  Result<NodeId> parse_fixed(const Json& json, std::string space) {
    ASSIGN_OR_RETURN(const NodeId id, parse_named(Type::kFixed, json, space));
    const auto size = json.find("size");
    if (size == json.end() || !size->is_number_unsigned() || size->get<uint64_t>() > 1U << 30) {
      return invalid_argument("the fixed '" + excerpt(node(id).name) + "' has no proper 'size'");
    }
    node(id).size = size->get<uint32_t>();
    set_logical(json, node(id));
    return id;
  }

  Schema& schema_;
  std::map<std::string, NodeId> names_;
};

Result<Schema> Schema::parse(std::string_view text, const std::vector<std::string>& references) {
  Schema schema;
  SchemaParser parser(schema);
  for (const std::string& reference : references) {
    RETURN_IF_ERROR(parser.add(reference, "a schema that the Avro schema refers to"));
  }
  RETURN_IF_ERROR(parser.add(text, "the Avro schema"));
  return schema;
}

Result<Schema> parse_registered(const RegisteredSchema& registered) {
  if (registered.type != "AVRO") {
    return invalid_argument("is not an Avro schema but " + registered.type);
  }
  Result<Schema> schema = Schema::parse(registered.text, registered.references);
  if (!schema.ok()) return schema.status().with_context("cannot be read");
  return schema;
}

}  // namespace lakeward::format::avro
