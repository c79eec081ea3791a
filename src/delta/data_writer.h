// Data files: written, described and durable, but not yet part of the table.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "delta/actions.h"
#include "delta/schema.h"
#include "engine/session.h"
#include "io/object_store.h"

namespace lakeward::delta {

struct WrittenFiles {
  std::vector<AddFile> adds;
  uint64_t rows = 0;
  uint64_t bytes = 0;
};

struct DataWriterOptions {
  std::vector<std::string> partition_by;  // names as in the schema
  // Leaf columns with statistics (delta.dataSkippingNumIndexedCols); negative: all.
  int indexed_columns = 32;
  std::string compression = "zstd";
};

// Runs `SELECT plan.select_list FROM (select)` once in `session` and writes the rows as Parquet
// files into the table's folder: part-<uuid>.parquet, or COLUMN=VALUE/part-<uuid>.parquet. All
// files are durable when it returns. No rows: no files. After a failure, files may be left behind;
// nothing refers to them.
Result<WrittenFiles> write_files(engine::Session& session, const std::string& select,
                                 const WritePlan& plan, io::ObjectStore& store,
                                 const std::string& table_path, const DataWriterOptions& options,
                                 const Clock& clock);

// The options that a table's metadata asks for.
DataWriterOptions data_writer_options(const Metadata& metadata);

}  // namespace lakeward::delta
