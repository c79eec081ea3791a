#include "engine/result.h"

#include <algorithm>

#include "engine/errors.h"
#include "engine/types.h"

namespace lakeward::engine {

Chunk::~Chunk() {
  if (chunk_ != nullptr) duckdb_destroy_data_chunk(&chunk_);
}

ResultStream::ResultStream(duckdb_result result) : result_(result) {
  const idx_t count = duckdb_column_count(&result_);
  for (idx_t i = 0; i < count; ++i) {
    duckdb_logical_type type = duckdb_column_logical_type(&result_, i);
    schema_.push_back({duckdb_column_name(&result_, i), type_text(type)});
    duckdb_destroy_logical_type(&type);
  }
}

ResultStream::~ResultStream() { duckdb_destroy_result(&result_); }

std::vector<TypedColumn> ResultStream::types() {
  std::vector<TypedColumn> types;
  for (idx_t i = 0; i < schema_.size(); ++i) {
    duckdb_logical_type type = duckdb_column_logical_type(&result_, i);
    types.push_back({schema_[i].name, ColumnType::of(type)});
    duckdb_destroy_logical_type(&type);
  }
  return types;
}

Result<std::optional<Chunk>> ResultStream::next() {
  duckdb_data_chunk chunk = duckdb_fetch_chunk(result_);
  if (chunk == nullptr) {
    const char* error = duckdb_result_error(&result_);
    if (error != nullptr && *error != '\0') return engine_error(error);
    return std::optional<Chunk>();
  }
  Chunk owned(chunk);
  if (owned.rows() == 0) return std::optional<Chunk>();
  return std::optional<Chunk>(std::move(owned));
}

Result<Rows> Rows::read(ResultStream& stream) {
  Rows rows;
  rows.schema_ = stream.schema();
  while (true) {
    ASSIGN_OR_RETURN(std::optional<Chunk> chunk, stream.next());
    if (!chunk) return rows;
    rows.starts_.push_back(rows.size_);
    rows.size_ += chunk->rows();
    rows.chunks_.push_back(std::move(*chunk));
  }
}

std::pair<const Chunk*, size_t> Rows::locate(size_t row) const {
  CHECK(row < size_);
  const size_t index = std::upper_bound(starts_.begin(), starts_.end(), row) - starts_.begin() - 1;
  return {&chunks_[index], row - starts_[index]};
}

bool Rows::is_null(size_t row, size_t column) const {
  const auto [chunk, place] = locate(row);
  return chunk->column(column).is_null(place);
}

std::string Rows::text(size_t row, size_t column) const {
  const auto [chunk, place] = locate(row);
  const VectorView view = chunk->column(column);
  if (view.is_null(place)) return "";
  CHECK(view.type() == DUCKDB_TYPE_VARCHAR || view.type() == DUCKDB_TYPE_BLOB,
        "text() needs a VARCHAR column");
  return std::string(view.string(place));
}

int64_t Rows::integer(size_t row, size_t column) const {
  const auto [chunk, place] = locate(row);
  const VectorView view = chunk->column(column);
  if (view.is_null(place)) return 0;
  switch (view.type()) {
    case DUCKDB_TYPE_BOOLEAN:
      return view.get<bool>(place);
    case DUCKDB_TYPE_TINYINT:
      return view.get<int8_t>(place);
    case DUCKDB_TYPE_SMALLINT:
      return view.get<int16_t>(place);
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_DATE:
      return view.get<int32_t>(place);
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return view.get<int64_t>(place);
    case DUCKDB_TYPE_UTINYINT:
      return view.get<uint8_t>(place);
    case DUCKDB_TYPE_USMALLINT:
      return view.get<uint16_t>(place);
    case DUCKDB_TYPE_UINTEGER:
      return view.get<uint32_t>(place);
    case DUCKDB_TYPE_UBIGINT:
      return static_cast<int64_t>(view.get<uint64_t>(place));
    default:
      break;
  }
  CHECK(false, "integer() needs an integer column");
  return 0;
}

double Rows::real(size_t row, size_t column) const {
  const auto [chunk, place] = locate(row);
  const VectorView view = chunk->column(column);
  if (view.is_null(place)) return 0;
  if (view.type() == DUCKDB_TYPE_FLOAT) return view.get<float>(place);
  CHECK(view.type() == DUCKDB_TYPE_DOUBLE, "real() needs a FLOAT or DOUBLE column");
  return view.get<double>(place);
}

}  // namespace lakeward::engine
