// DuckDB's error texts as Status.
#pragma once

#include <string_view>

#include "base/status.h"

namespace lakeward::engine {

// ResourceExhausted for a full disk or memory, Cancelled for an interrupt, IoError for other file
// trouble, Internal for DuckDB's internal errors, else InvalidArgument.
Status engine_error(std::string_view message);

}  // namespace lakeward::engine
