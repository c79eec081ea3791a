// What a `decode:` and an `encode:` say of schemas: `registry`, the options of a schema registry or
// the name of a connection, and `schema`, a text or a file.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/value.h"
#include "connectors/schema_registry/options.h"
#include "project/project.h"

namespace lakeward::project {

// The text of a file that a pipeline names.
using ReadFile = std::function<Result<std::string>(const std::string&)>;

// The options that `value` stands for; null (with problems) if there are none, or if they are
// wrong. Points into `value` or `connections`.
const config::Value* find_registry(const config::Value& value,
                                   const std::vector<Connection>& connections,
                                   config::Problems& problems);

// The same, parsed. nullopt also without problems, where nothing was said.
std::optional<connectors::schema_registry::RegistryOptions> read_registry(
    const config::Value& value, const std::vector<Connection>& connections,
    config::Problems& problems);

// The text of a schema: JSON text, or `{file: x.avsc}`; nullopt also without problems, where
// nothing was said. `key` is for messages.
std::optional<std::string> read_schema(const char* key, const config::Value& value,
                                       const ReadFile& read_file, config::Problems& problems);

// Puts what `encode: {avro: {registry: NAME, schema: {file: FILE}}}` of a sink names, and likewise
// `json` and `encode_key`, in the place of the names: a connector knows neither connections nor the
// pipeline's folder.
void resolve_encode(const std::vector<Connection>& connections, const ReadFile& read_file,
                    ConnectorBlock& sink, config::Problems& problems);

}  // namespace lakeward::project
