// The `decode:` block of a pipeline, and the format that it declares.
#pragma once

#include <memory>
#include <optional>

#include "format/decoder.h"
#include "project/project.h"

namespace lakeward::project {

// nullopt (with problems) if the block is not usable.
std::optional<Decode> read_decode(const config::Value& value, config::Problems& problems);

}  // namespace lakeward::project
