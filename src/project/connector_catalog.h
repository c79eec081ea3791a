// Which connectors a project may name: those that are built, and those that are announced.
#pragma once

#include <string>
#include <vector>

#include "config/value.h"
#include "project/project.h"
#include "project/registry_reader.h"
#include "stream/registry.h"

namespace lakeward::project {

// "unknown source 'kafak'; …" or "the source 'kafka' is not supported yet; …"; nullopt if the
// registry has it.
std::optional<std::string> source_problem(const stream::Registry& registry,
                                          const std::string& name);
std::optional<std::string> sink_problem(const stream::Registry& registry, const std::string& name);
std::optional<std::string> connection_problem(const stream::Registry& registry,
                                              const std::string& type);

// Reports secrets in those of `map`'s values that are no secrets: names and places are shown, and
// stand in checkpoints, tables and topics.
void refuse_secrets_in(const std::vector<std::string>& keys, const config::Value& map,
                       config::Problems& problems);

// Reads `connections:`.
std::vector<Connection> read_connections(const stream::Registry& registry,
                                         const config::Value& value, config::Problems& problems);

// Reads a `from:` or one sink: `connector`, or `connector: {options}`, with the options of its
// connection. nullopt if it is not even that. Options that the connector refuses are problems.
std::optional<ConnectorBlock> read_source(const stream::Registry& registry,
                                          const std::vector<Connection>& connections,
                                          const config::Value& value, config::Problems& problems);
std::optional<ConnectorBlock> read_sink(const stream::Registry& registry,
                                        const std::vector<Connection>& connections,
                                        const ReadFile& read_file, const config::Value& value,
                                        config::Problems& problems);

}  // namespace lakeward::project
