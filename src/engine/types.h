// DuckDB's logical types as text.
#pragma once

#include <duckdb.h>

#include <string>

namespace lakeward::engine {

// For example "BIGINT", "DECIMAL(10,2)", "STRUCT(\"a\" INTEGER, \"b\" VARCHAR[])",
// "TIMESTAMP WITH TIME ZONE", "JSON".
std::string type_text(duckdb_logical_type type);

}  // namespace lakeward::engine
