#include "engine/parquet/column_values.h"

#include <algorithm>

namespace lakeward::engine::parquet {
namespace {

constexpr size_t kTextBytes = size_t{1} << 20;  // of a page, where rows are large

}  // namespace

size_t TextValues::room(const VectorView& column, size_t row, size_t rows) const {
  size_t bytes = 0;
  size_t end = row;
  while (end < rows && bytes < kTextBytes) {
    if (!column.is_null(end)) bytes += column.get<duckdb_string_t>(end).value.inlined.length;
    ++end;
  }
  return end - row;
}

void TextValues::clear_dictionary() {
  for (uint32_t code = 0; code < dictionary_.size(); ++code) bounds_.add(dictionary_.text(code));
  dictionary_.clear();
}

}  // namespace lakeward::engine::parquet
