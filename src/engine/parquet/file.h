// A Parquet file: row groups, and the footer that tells where they are. Parquet format, "File
// format".
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/column_type.h"
#include "engine/parquet/column_encoder.h"

namespace lakeward::engine::parquet {

// What a footer keeps of a row group.
struct RowGroup {
  struct Column {
    int64_t offset = 0;  // of its first page in the file
    int64_t bytes = 0;
    ColumnChunk chunk;  // without its pages' bytes
  };
  int64_t rows = 0;
  std::vector<Column> columns;
};

// Any thread may add row groups. A file that is not finished is removed.
class File {
 public:
  File(std::filesystem::path path, std::vector<TypedColumn> columns);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  const std::vector<TypedColumn>& columns() const { return columns_; }

  // The first call makes the file. Errors: ResourceExhausted (a full disk), IoError.
  Status add_row_group(std::vector<ColumnChunk> chunks, int64_t rows);
  // Writes the footer, unless there are no rows: then there is no file. Durable is only what the
  // caller syncs.
  Status finish();

  // Once it is finished.
  int64_t rows() const { return rows_; }
  int64_t bytes() const { return size_; }

 private:
  Status open();
  Status write(const std::string& bytes);
  std::string footer() const;

  const std::filesystem::path path_;
  const std::vector<TypedColumn> columns_;
  std::mutex mutex_;
  int descriptor_ = -1;
  bool finished_ = false;
  int64_t size_ = 0;
  int64_t rows_ = 0;
  std::vector<RowGroup> groups_;
};

}  // namespace lakeward::engine::parquet
