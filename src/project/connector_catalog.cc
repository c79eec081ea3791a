#include "project/connector_catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/suggest.h"
#include "connectors/schema_registry/options.h"

namespace lakeward::project {
namespace {

using config::Problems;
using config::Value;

// What the language announces; the registry says which of them are built.
const std::vector<std::string> kAnnouncedSources = {"simulator", "file",         "http",
                                                    "kafka",     "event_hubs",   "delta",
                                                    "postgres",  "postgres_cdc", "sqlserver"};
const std::vector<std::string> kAnnouncedSinks = {
    "delta", "kafka", "event_hubs", "postgres", "sqlserver", "cassandra", "file", "console"};
const std::vector<std::string> kAnnouncedConnections = {
    "kafka", "event_hubs", "postgres", "sqlserver", "cassandra", "s3", "azure"};
// Keys of a sink's block that the language announces; a sink that has them declares them.
const std::vector<std::string> kAnnouncedSinkKeys = {"upsert", "merge", "delete_when"};

// Names of what is read and written: they are shown, and stand in checkpoints, tables and topics.
const std::vector<std::string> kNameOptions = {
    "topic",    "topic_pattern",    "event_hub",    "table",         "path",
    "group_id", "transactional_id", "partition_by", "consumer_group"};

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

template <typename Types>
std::vector<std::string> names_of(const Types& types) {
  std::vector<std::string> names;
  for (const auto& [name, type] : types) names.push_back(name);
  return names;
}

std::optional<std::string> problem_of(std::string_view what, const std::string& name,
                                      const std::vector<std::string>& built,
                                      const std::vector<std::string>& announced) {
  if (contains(built, name)) return std::nullopt;
  if (contains(announced, name)) {
    return fmt::format("the {} '{}' is not supported yet; supported: {}", what, name,
                       built.empty() ? "none" : fmt::format("{}", fmt::join(built, ", ")));
  }
  return fmt::format("unknown {} '{}'{}", what, name, suggestion(name, built));
}

// The one `name: {…}` of a block; `name` alone has no options.
std::optional<ConnectorBlock> read_block(std::string_view what, const Value& value,
                                         Problems& problems) {
  if (value.is_unresolved()) return std::nullopt;
  if (value.is_scalar() && !value.text().empty()) {
    return ConnectorBlock{value.text(), Value(Value::Map(), value.location()), value.location()};
  }
  if (!value.is_map() || value.map().size() != 1) {
    std::string found(value.kind_name());
    if (value.is_map()) {
      found = value.map().empty()
                  ? "none"
                  : fmt::format("'{}' and '{}'", value.map()[0].key, value.map()[1].key);
    }
    problems.push_back({value.location(), fmt::format("expected one {}, `name: {{options}}`, "
                                                      "found {}",
                                                      what, found)});
    return std::nullopt;
  }
  const Value::Entry& entry = value.map().front();
  ConnectorBlock block{entry.key, entry.value, entry.key_location};
  if (entry.value.is_null()) block.options = Value(Value::Map(), entry.key_location);
  if (!block.options.is_map()) {
    problems.push_back(
        {block.options.location(),
         fmt::format("'{}' takes a map of options, not {}", entry.key, block.options.kind_name())});
    return std::nullopt;
  }
  return block;
}

// Puts the options of `connection: name` behind the block's own.
bool merge_connection(const std::vector<Connection>& connections, ConnectorBlock& block,
                      Problems& problems) {
  const Value* reference = block.options.find("connection");
  if (reference == nullptr) return true;
  if (!reference->is_scalar()) {
    problems.push_back({reference->location(), "'connection' must be the name of a connection"});
    return false;
  }
  const Connection* found = nullptr;
  std::vector<std::string> names;
  for (const Connection& connection : connections) {
    names.push_back(connection.name);
    if (connection.name == reference->text()) found = &connection;
  }
  if (found == nullptr) {
    problems.push_back(
        {reference->location(), fmt::format("unknown connection '{}'{}", reference->text(),
                                            suggestion(reference->text(), names))});
    return false;
  }
  if (found->type != block.connector) {
    problems.push_back(
        {reference->location(), fmt::format("the connection '{}' is of '{}', not of '{}'",
                                            found->name, found->type, block.connector)});
    return false;
  }
  Value::Map merged;
  for (const Value::Entry& entry : block.options.map()) {
    if (entry.key != "connection") merged.push_back(entry);
  }
  for (const Value::Entry& entry : found->options.map()) {
    if (block.options.find(entry.key) == nullptr) merged.push_back(entry);
  }
  block.options = Value(std::move(merged), block.options.location());
  return true;
}

bool holds_secret(const Value& value) {
  if (value.is_scalar()) return value.scalar().secret;
  return value.is_list() && std::any_of(value.list().begin(), value.list().end(), holds_secret);
}

// Reports announced keys that the sink does not declare, and takes them out.
void refuse_announced_keys(const std::vector<config::OptionInfo>& declared, ConnectorBlock& block,
                           Problems& problems) {
  Value::Map kept;
  for (const Value::Entry& entry : block.options.map()) {
    const bool known = std::any_of(declared.begin(), declared.end(),
                                   [&](const auto& info) { return info.name == entry.key; });
    if (!known && contains(kAnnouncedSinkKeys, entry.key)) {
      problems.push_back({entry.key_location, fmt::format("'{}' of the sink '{}' is not supported "
                                                          "yet",
                                                          entry.key, block.connector)});
    } else {
      kept.push_back(entry);
    }
  }
  block.options = Value(std::move(kept), block.options.location());
}

// What may stand in a connection: options of the source or of the sink.
std::vector<config::OptionInfo> options_of_connector(const stream::Registry& registry,
                                                     const std::string& name) {
  if (name == "schema_registry") return connectors::schema_registry::registry_options().infos();
  std::vector<config::OptionInfo> options;
  if (const auto* source = registry.source(name)) options = source->options;
  if (const auto* sink = registry.sink(name)) {
    options.insert(options.end(), sink->options.begin(), sink->options.end());
  }
  return options;
}

}  // namespace

void refuse_secrets_in(const std::vector<std::string>& keys, const Value& map, Problems& problems) {
  for (const Value::Entry& entry : map.map()) {
    if (!contains(keys, entry.key) || !holds_secret(entry.value)) continue;
    problems.push_back({entry.value.location(),
                        fmt::format("a secret cannot stand in '{}', which is shown, and written "
                                    "down with the results; use ${{env:NAME}}, or write it out",
                                    entry.key)});
  }
}

std::optional<std::string> source_problem(const stream::Registry& registry,
                                          const std::string& name) {
  return problem_of("source", name, names_of(registry.sources()), kAnnouncedSources);
}

std::optional<std::string> sink_problem(const stream::Registry& registry, const std::string& name) {
  return problem_of("sink", name, names_of(registry.sinks()), kAnnouncedSinks);
}

std::optional<std::string> connection_problem(const stream::Registry& registry,
                                              const std::string& type) {
  std::vector<std::string> built = names_of(registry.sources());
  for (std::string& name : names_of(registry.sinks())) {
    if (!contains(built, name)) built.push_back(std::move(name));
  }
  built.emplace_back("schema_registry");
  return problem_of("connection type", type, built, kAnnouncedConnections);
}

std::vector<Connection> read_connections(const stream::Registry& registry, const Value& value,
                                         Problems& problems) {
  std::vector<Connection> connections;
  if (value.is_null() || value.is_unresolved()) return connections;
  if (!value.is_map()) {
    problems.push_back(
        {value.location(),
         fmt::format("'connections' must be a map of names, not {}", value.kind_name())});
    return connections;
  }
  for (const Value::Entry& entry : value.map()) {
    auto block = read_block("connector", entry.value, problems);
    if (!block) continue;
    if (auto problem = connection_problem(registry, block->connector)) {
      problems.push_back({block->location, *std::move(problem)});
      continue;
    }
    config::internal::report_unknown_keys(
        block->options, options_of_connector(registry, block->connector), problems);
    connections.push_back(
        {entry.key, std::move(block->connector), std::move(block->options), entry.key_location});
  }
  return connections;
}

std::optional<ConnectorBlock> read_source(const stream::Registry& registry,
                                          const std::vector<Connection>& connections,
                                          const Value& value, Problems& problems) {
  auto block = read_block("source", value, problems);
  if (!block) return std::nullopt;
  if (auto problem = source_problem(registry, block->connector)) {
    problems.push_back({block->location, *std::move(problem)});
    return std::nullopt;
  }
  if (!merge_connection(connections, *block, problems)) return std::nullopt;
  refuse_secrets_in(kNameOptions, block->options, problems);
  const stream::SourceType* type = registry.source(block->connector);
  if (type->check) type->check(block->options, problems);
  return block;
}

std::optional<ConnectorBlock> read_sink(const stream::Registry& registry,
                                        const std::vector<Connection>& connections,
                                        const ReadFile& read_file, const Value& value,
                                        Problems& problems) {
  auto block = read_block("sink", value, problems);
  if (!block) return std::nullopt;
  if (auto problem = sink_problem(registry, block->connector)) {
    problems.push_back({block->location, *std::move(problem)});
    return std::nullopt;
  }
  if (!merge_connection(connections, *block, problems)) return std::nullopt;
  refuse_secrets_in(kNameOptions, block->options, problems);
  const stream::SinkType* type = registry.sink(block->connector);
  refuse_announced_keys(type->options, *block, problems);
  resolve_encode(connections, read_file, *block, problems);
  if (type->check) type->check(block->options, problems);
  return block;
}

}  // namespace lakeward::project
