// What a query returns: a stream of chunks, or a few rows held in memory.
#pragma once

#include <duckdb.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/column_type.h"
#include "engine/schema.h"
#include "engine/vector_view.h"

namespace lakeward::engine {

// The rows of one chunk. Owns the chunk; views into it die with it.
class Chunk {
 public:
  explicit Chunk(duckdb_data_chunk chunk) : chunk_(chunk) {}
  ~Chunk();
  Chunk(Chunk&& other) noexcept : chunk_(std::exchange(other.chunk_, nullptr)) {}
  Chunk& operator=(Chunk&& other) noexcept {
    std::swap(chunk_, other.chunk_);
    return *this;
  }

  size_t rows() const { return duckdb_data_chunk_get_size(chunk_); }
  VectorView column(size_t index) const {
    return VectorView(duckdb_data_chunk_get_vector(chunk_, index));
  }

 private:
  duckdb_data_chunk chunk_;
};

// A running query's rows, chunk by chunk; memory stays bounded whatever the result's size. Must not
// outlive its Session. Not thread-safe.
class ResultStream {
 public:
  explicit ResultStream(duckdb_result result);
  ~ResultStream();
  ResultStream(const ResultStream&) = delete;
  ResultStream& operator=(const ResultStream&) = delete;

  const Schema& schema() const { return schema_; }
  std::vector<TypedColumn> types();
  // The next chunk, or nullopt at the end.
  Result<std::optional<Chunk>> next();

 private:
  duckdb_result result_;
  Schema schema_;
};

// A small result held in memory, read by row and column. Made for metadata, not for data.
class Rows {
 public:
  static Result<Rows> read(ResultStream& stream);

  const Schema& schema() const { return schema_; }
  size_t size() const { return size_; }
  bool is_null(size_t row, size_t column) const;
  // A VARCHAR column's text; "" for NULL.
  std::string text(size_t row, size_t column) const;
  // An integer column of any width (or BOOLEAN, DATE, TIMESTAMP) as int64; 0 for NULL.
  int64_t integer(size_t row, size_t column) const;
  double real(size_t row, size_t column) const;
  // The rows as they are held, for nested values.
  const std::vector<Chunk>& chunks() const { return chunks_; }

 private:
  // The chunk that holds a row, and the row's place in it.
  std::pair<const Chunk*, size_t> locate(size_t row) const;

  Schema schema_;
  std::vector<Chunk> chunks_;
  std::vector<size_t> starts_;  // the number of each chunk's first row
  size_t size_ = 0;
};

}  // namespace lakeward::engine
