// The block `registry` of a `decode:` or an `encode:`: options of a schema registry, or the name of
// a connection.
#pragma once

#include <optional>
#include <vector>

#include "config/value.h"
#include "connectors/schema_registry/options.h"
#include "project/project.h"

namespace lakeward::project {

// The options that `value` stands for; null (with problems) if there are none, or if they are
// wrong. Points into `value` or `connections`.
const config::Value* find_registry(const config::Value& value,
                                   const std::vector<Connection>& connections,
                                   config::Problems& problems);

// The same, parsed. nullopt also without problems, where nothing was said.
std::optional<connectors::schema_registry::RegistryOptions> read_registry(
    const config::Value& value, const std::vector<Connection>& connections,
    config::Problems& problems);

// Puts the options of the connection that `encode: {avro: {registry: NAME}}` of a sink names in the
// place of the name: a connector knows no connections.
void resolve_encode_registry(const std::vector<Connection>& connections, ConnectorBlock& sink,
                             config::Problems& problems);

}  // namespace lakeward::project
