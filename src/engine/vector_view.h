// Reading DuckDB's vectors, nested ones too. Views; they own nothing.
#pragma once

#include <duckdb.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace lakeward::engine {

// One column of a chunk, or a nested part of one.
class VectorView {
 public:
  explicit VectorView(duckdb_vector vector);

  duckdb_type type() const { return type_; }
  bool may_have_nulls() const { return validity_ != nullptr; }
  bool is_null(size_t row) const {
    return validity_ != nullptr && (validity_[row / 64] >> (row % 64) & 1) == 0;
  }
  // The row's value in a fixed-width column; T must be its physical type.
  template <typename T>
  const T& get(size_t row) const {
    return static_cast<const T*>(data_)[row];
  }
  template <typename T>
  const T* data() const {
    return static_cast<const T*>(data_);
  }
  // The text or bytes of a VARCHAR or BLOB; valid as long as the chunk.
  std::string_view string(size_t row) const;

  // A LIST's or MAP's entries of a row: [offset, offset + length) in list_child(). A map's child is
  // a struct of "key" and "value".
  duckdb_list_entry list_entry(size_t row) const { return get<duckdb_list_entry>(row); }
  VectorView list_child() const { return VectorView(duckdb_list_vector_get_child(vector_)); }
  // The values in list_child() altogether.
  size_t list_child_size() const { return duckdb_list_vector_get_size(vector_); }
  // An ARRAY's values: row r has [r × size, (r + 1) × size).
  VectorView array_child() const { return VectorView(duckdb_array_vector_get_child(vector_)); }
  VectorView struct_child(size_t index) const {
    return VectorView(duckdb_struct_vector_get_child(vector_, index));
  }

 private:
  duckdb_vector vector_;
  duckdb_type type_;
  const void* data_;
  const uint64_t* validity_;
};

}  // namespace lakeward::engine
