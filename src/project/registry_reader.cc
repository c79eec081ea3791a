#include "project/registry_reader.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/suggest.h"

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

void resolve_encode_registry(const std::vector<Connection>& connections, ConnectorBlock& sink,
                             Problems& problems) {
  const Value* encode = sink.options.find("encode");
  const Value* avro = encode != nullptr && encode->is_map() ? encode->find("avro") : nullptr;
  const Value* registry = avro != nullptr && avro->is_map() ? avro->find("registry") : nullptr;
  if (registry == nullptr || registry->is_null() || registry->is_unresolved()) return;
  const Value* options = find_registry(*registry, connections, problems);
  if (options == nullptr) return;
  sink.options = with_entry(sink.options, "encode",
                            with_entry(*encode, "avro", with_entry(*avro, "registry", *options)));
}

}  // namespace lakeward::project
