// Columns as the engine names and types them.
#pragma once

#include <string>
#include <vector>

namespace lakeward::engine {

// `type` is DuckDB's text of the type, for example "BIGINT", "DECIMAL(10,2)",
// "STRUCT(a INTEGER, b VARCHAR[])", "TIMESTAMP WITH TIME ZONE".
struct Column {
  std::string name;
  std::string type;
  bool operator==(const Column&) const = default;
};

using Schema = std::vector<Column>;

}  // namespace lakeward::engine
