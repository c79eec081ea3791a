// The columns of a chunk that a ChunkProducer fills: raw, typed access to DuckDB's vectors.
//
// This is the hot path: everything here inlines to a store or two.
#pragma once

#include <duckdb.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace lakeward::engine {

// Rows in a chunk at most (DuckDB's vector size).
inline constexpr size_t kChunkRows = 2048;

// One output column. A row that is neither set nor nulled holds garbage: each row of the chunk must
// be given exactly one of the two. Rows may be set in any order, and set again.
class ColumnWriter {
 public:
  explicit ColumnWriter(duckdb_vector vector)
      : vector_(vector), data_(duckdb_vector_get_data(vector)) {}

  // The values of a fixed-width column: int32_t for INTEGER and DATE (days since 1970), int64_t for
  // BIGINT and TIMESTAMP (microseconds since 1970), double for DOUBLE, bool for BOOLEAN, …
  template <typename T>
  T* data() {
    return static_cast<T*>(data_);
  }

  void set_null(size_t row) {
    if (validity_ == nullptr) {
      duckdb_vector_ensure_validity_writable(vector_);
      validity_ = duckdb_vector_get_validity(vector_);
    }
    validity_[row / 64] &= ~(uint64_t{1} << (row % 64));
  }

  // Takes back this writer's set_null(): the row's place is used again for another row.
  void unset_null(size_t row) {
    if (validity_ != nullptr) validity_[row / 64] |= uint64_t{1} << (row % 64);
  }

  // Text or bytes that live long enough (see TableScan): the vector keeps a pointer, no copy.
  void set_stable_string(size_t row, const char* text, size_t length) {
    duckdb_string_t& slot = static_cast<duckdb_string_t*>(data_)[row];
    if (length <= sizeof(slot.value.inlined.inlined)) {
      slot.value.inlined.length = static_cast<uint32_t>(length);
      std::memset(slot.value.inlined.inlined, 0, sizeof(slot.value.inlined.inlined));
      std::memcpy(slot.value.inlined.inlined, text, length);
    } else {
      slot.value.pointer.length = static_cast<uint32_t>(length);
      std::memcpy(slot.value.pointer.prefix, text, sizeof(slot.value.pointer.prefix));
      slot.value.pointer.ptr = const_cast<char*>(text);
    }
  }

  // Text or bytes that may go away after the call: copied into the vector. VARCHAR must be UTF-8;
  // it is not checked here.
  void set_copied_string(size_t row, std::string_view text) {
    if (text.size() <= sizeof(duckdb_string_t::value.inlined.inlined)) {
      set_stable_string(row, text.data(), text.size());
    } else {
      duckdb_unsafe_vector_assign_string_element_len(vector_, row, text.data(), text.size());
    }
  }

  duckdb_vector vector() { return vector_; }

 private:
  duckdb_vector vector_;
  void* data_;
  uint64_t* validity_ = nullptr;
};

// The projected columns of one chunk, in the order that TableSource::scan() was asked for.
class ChunkWriter {
 public:
  explicit ChunkWriter(duckdb_data_chunk chunk) {
    const size_t count = duckdb_data_chunk_get_column_count(chunk);
    columns_.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      columns_.emplace_back(duckdb_data_chunk_get_vector(chunk, i));
    }
  }
  size_t column_count() const { return columns_.size(); }
  ColumnWriter& column(size_t index) { return columns_[index]; }

 private:
  std::vector<ColumnWriter> columns_;
};

}  // namespace lakeward::engine
