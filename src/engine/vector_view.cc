#include "engine/vector_view.h"

namespace lakeward::engine {

VectorView::VectorView(duckdb_vector vector)
    : vector_(vector),
      data_(duckdb_vector_get_data(vector)),
      validity_(duckdb_vector_get_validity(vector)) {
  duckdb_logical_type type = duckdb_vector_get_column_type(vector);
  type_ = duckdb_get_type_id(type);
  duckdb_destroy_logical_type(&type);
}

std::string_view VectorView::string(size_t row) const {
  auto* text = const_cast<duckdb_string_t*>(&get<duckdb_string_t>(row));
  return {duckdb_string_t_data(text), duckdb_string_t_length(*text)};
}

}  // namespace lakeward::engine
