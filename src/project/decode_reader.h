// The `decode:` block of a pipeline, and the format that it declares.
#pragma once

#include <memory>
#include <optional>

#include "format/decoder.h"
#include "project/project.h"

namespace lakeward::project {

// nullopt (with problems) if the block is not usable.
std::optional<Decode> read_decode(const config::Value& value, config::Problems& problems);

// The format that it declares; null for parquet, which the engine reads by itself. `utc`: whether
// the session's time zone is UTC. Errors: InvalidArgument for columns that the format cannot have.
Result<std::unique_ptr<format::Format>> make_format(const Decode& decode, bool utc);

}  // namespace lakeward::project
