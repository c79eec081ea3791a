// lakeward_parquet(ID, COLUMN…): see functions.h. Internal to engine/.
#pragma once

#include <duckdb.h>

#include "engine/functions.h"

namespace lakeward::engine {

duckdb_state register_parquet_function(duckdb_connection connection, FunctionRegistry& registry);

}  // namespace lakeward::engine
