// Query results into Parquet files, with the statistics of each file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "engine/session.h"

namespace lakeward::engine {

struct ColumnStatistics {
  std::optional<std::string> min;  // DuckDB's text of the value
  std::optional<std::string> max;
  std::optional<uint64_t> null_count;
  bool has_nan = false;
};

struct WrittenFile {
  std::filesystem::path path;
  uint64_t rows = 0;
  uint64_t bytes = 0;
  // By path of names: {"s", "a"} is field a of column s; list elements are "element".
  std::map<std::vector<std::string>, ColumnStatistics> columns;
  // Column and DuckDB's text of the value; nullopt is NULL. Empty if not partitioned.
  std::vector<std::pair<std::string, std::optional<std::string>>> partition;
};

struct ParquetOptions {
  // What the SELECT returns, in order. If they are given and the file is not partitioned, our own
  // encoders (parquet/) write it, unless a type is left to DuckDB's.
  std::vector<std::string> columns;
  std::vector<std::string> partition_by;
  std::string file_stem = "part";  // files are named STEM-<uuid>.parquet
  std::string compression = "zstd";
  uint64_t row_group_rows = 122'880;
};

// Runs `select` once and writes its rows below `folder` (made if missing). Without partition_by:
// one file; with it: files in folder/COLUMN=VALUE/…, and the partition columns are not in them. No
// rows: no files. Files that a failed call leaves behind are the caller's to remove.
Result<std::vector<WrittenFile>> write_parquet(Session& session, const std::string& select,
                                               const std::filesystem::path& folder,
                                               const ParquetOptions& options);

}  // namespace lakeward::engine
