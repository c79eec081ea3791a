#include "engine/parquet/column_values.h"

#include <algorithm>

namespace lakeward::engine::parquet {
namespace {

constexpr size_t kTextBytes = size_t{1} << 20;  // of a page, where rows are large

}  // namespace

Room TextValues::room(const VectorView& column, size_t row, size_t rows) {
  Room room;
  for (; row < rows && room.bytes < kTextBytes; ++row, ++room.rows) {
    if (column.is_null(row)) continue;
    room.bytes += sizeof(uint32_t) + column.get<duckdb_string_t>(row).value.inlined.length;
  }
  return room;
}

void TextValues::clear_dictionary() {
  for (uint32_t code = 0; code < dictionary_.size(); ++code) bounds_.add(dictionary_.text(code));
  dictionary_.clear();
}

}  // namespace lakeward::engine::parquet
