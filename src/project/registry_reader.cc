#include "project/registry_reader.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/suggest.h"
#include "project/declared_keys.h"

namespace lakeward::project {
namespace {

using config::Problems;
using config::Value;
using connectors::schema_registry::RegistryOptions;

constexpr const char* kRegistryType = "schema_registry";

// The options of the connection that `value` names; null if there is none.
const Value* find_connection(const Value& value, const std::vector<Connection>& connections,
                             Problems& problems) {
  std::vector<std::string> names;
  for (const Connection& connection : connections) {
    if (connection.type == kRegistryType) names.push_back(connection.name);
    if (connection.name != value.text()) continue;
    if (connection.type == kRegistryType) return &connection.options;
    problems.push_back(
        {value.location(), fmt::format("the connection '{}' is of '{}', not of '{}'",
                                       connection.name, connection.type, kRegistryType)});
    return nullptr;
  }
  problems.push_back({value.location(), fmt::format("unknown connection '{}'{}", value.text(),
                                                    suggestion(value.text(), names))});
  return nullptr;
}

// `map` with another value of `key`, which it has.
Value with_entry(const Value& map, const char* key, Value value) {
  Value::Map entries = map.map();
  for (Value::Entry& entry : entries) {
    if (entry.key == key) entry.value = std::move(value);
  }
  return Value(std::move(entries), map.location());
}

// The block of a format with what it names in the place of the names.
Value resolve_format(const std::vector<Connection>& connections, const ReadFile& read_file,
                     const Value& block, Problems& problems) {
  Value resolved = block;
  const Value* registry = block.find("registry");
  if (registry != nullptr && !registry->is_null() && !registry->is_unresolved()) {
    const Value* options = find_registry(*registry, connections, problems);
    if (options != nullptr) resolved = with_entry(resolved, "registry", *options);
  }
  const Value* schema = block.find("schema");
  if (schema == nullptr || !schema->is_map()) return resolved;
  auto text = read_schema("schema", *schema, read_file, problems);
  return with_entry(
      resolved, "schema",
      text ? Value(Value::Scalar{.text = *std::move(text), .quoted = true}, schema->location())
           : Value::null_at(schema->location()));
}

}  // namespace

const Value* find_registry(const Value& value, const std::vector<Connection>& connections,
                           Problems& problems) {
  const Value* options = &value;
  if (value.is_scalar()) {
    options = find_connection(value, connections, problems);
    if (options == nullptr) return nullptr;
  }
  const size_t before = problems.size();
  const RegistryOptions registry =
      connectors::schema_registry::registry_options().parse(*options, problems);
  if (problems.size() == before) check_registry_options(registry, *options, problems);
  return problems.size() == before ? options : nullptr;
}

std::optional<RegistryOptions> read_registry(const Value& value,
                                             const std::vector<Connection>& connections,
                                             Problems& problems) {
  if (value.is_null() || value.is_unresolved()) return std::nullopt;
  const Value* options = find_registry(value, connections, problems);
  if (options == nullptr) return std::nullopt;
  return connectors::schema_registry::registry_options().parse(*options, problems);
}

std::optional<std::string> read_schema(const char* key, const Value& value,
                                       const ReadFile& read_file, Problems& problems) {
  if (value.is_null() || value.is_unresolved()) return std::nullopt;
  if (value.is_scalar()) return value.text();
  const size_t before = problems.size();
  if (value.is_map()) {
    const TransformKeys keys = schema_file_keys().parse(value, problems);
    if (problems.size() != before) return std::nullopt;
    Result<std::string> text = read_file(keys.file);
    if (text.ok()) return std::move(text).value();
    problems.push_back(
        {value.find("file")->location(), fmt::format("'{}': {}", key, text.status().message())});
    return std::nullopt;
  }
  problems.push_back(
      {value.location(), fmt::format("'{}' must be a schema as JSON text, or `{{file: x.avsc}}`, "
                                     "not {}",
                                     key, value.kind_name())});
  return std::nullopt;
}

void resolve_encode(const std::vector<Connection>& connections, const ReadFile& read_file,
                    ConnectorBlock& sink, Problems& problems) {
  for (const char* option : {"encode", "encode_key"}) {
    for (const char* format : {"avro", "json"}) {
      const Value* encode = sink.options.find(option);
      const Value* block = encode != nullptr ? encode->find(format) : nullptr;
      if (block == nullptr || !block->is_map()) continue;
      Value resolved =
          with_entry(*encode, format, resolve_format(connections, read_file, *block, problems));
      sink.options = with_entry(sink.options, option, std::move(resolved));
    }
  }
}

}  // namespace lakeward::project
