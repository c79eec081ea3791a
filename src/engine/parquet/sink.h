// The rows of a query on their way into a Parquet file, on all threads of the engine.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/parquet/column_encoder.h"
#include "engine/parquet/file.h"
#include "engine/parquet/page.h"
#include "engine/parquet_writer.h"

namespace lakeward::engine::parquet {

// What lakeward_parquet(ID, columns…) calls (functions.h). Thread-safe.
class Sink {
 public:
  Sink(std::filesystem::path path, std::vector<std::string> names, uint64_t row_group_rows);

  // The columns that the query will give. False if one of them has no physical_type(), or they are
  // not as many as there are names: then nothing may be appended.
  bool bind(const std::vector<ColumnType>& types);
  bool is_bound() const { return file_ != nullptr; }

  // Rows from one thread. Errors: ResourceExhausted, IoError, Unsupported.
  Status append(const std::vector<VectorView>& columns, size_t rows);
  // Keeps why the query fails; the first counts.
  void fail(const Status& status);
  Status failure();
  // Once the query has ended. No rows: no file.
  Result<WrittenFile> finish();

 private:
  // A row group that is growing.
  struct Group {
    std::vector<std::unique_ptr<ColumnEncoder>> columns;
    PageWriter writer;
    size_t rows = 0;
  };
  // One that no thread uses at the moment, the last used first, or a new one.
  std::unique_ptr<Group> take();
  void give_back(std::unique_ptr<Group> group);
  Status append_to(Group& group, const std::vector<VectorView>& columns, size_t rows);
  Status flush(Group& group);

  const std::filesystem::path path_;
  const std::vector<std::string> names_;
  const uint64_t row_group_rows_;
  const uint64_t seed_;
  std::unique_ptr<File> file_;

  std::mutex mutex_;
  std::vector<std::unique_ptr<Group>> idle_;
  Status failure_;
};

}  // namespace lakeward::engine::parquet
