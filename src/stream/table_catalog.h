// The lake's tables as a pipeline's SQL sees them: by name, at a fixed version.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"

namespace lakeward::stream {

// Thread-safe.
class TableCatalog {
 public:
  virtual ~TableCatalog() = default;
  // The newest version of "silver.sensor_data", or nullopt if there is no such table (yet).
  virtual Result<std::optional<int64_t>> version(const std::string& table) = 0;
  // A SELECT of the table's rows at a version, that a session can run. Errors: NotFound if the
  // version is gone.
  virtual Result<std::string> scan_select(const std::string& table, int64_t version) = 0;
};

}  // namespace lakeward::stream
