#include "engine/parquet_function.h"

#include <algorithm>
#include <vector>

#include "base/check.h"

namespace lakeward::engine {
namespace {

ColumnType argument_type(duckdb_bind_info info, idx_t index) {
  duckdb_expression argument = duckdb_scalar_function_bind_get_argument(info, index);
  duckdb_logical_type type = duckdb_expression_return_type(argument);
  ColumnType column = ColumnType::of(type);
  duckdb_destroy_logical_type(&type);
  duckdb_destroy_expression(&argument);
  return column;
}

// 0, which is nobody's, if the argument is no constant.
uint64_t constant_id(duckdb_bind_info info) {
  duckdb_client_context context = nullptr;
  duckdb_scalar_function_get_client_context(info, &context);
  duckdb_expression argument = duckdb_scalar_function_bind_get_argument(info, 0);
  duckdb_value value = nullptr;
  uint64_t id = 0;
  if (duckdb_expression_is_foldable(argument)) {
    duckdb_error_data error = duckdb_expression_fold(context, argument, &value);
    if (!duckdb_error_data_has_error(error)) id = duckdb_get_uint64(value);
    duckdb_destroy_error_data(&error);
  }
  if (value != nullptr) duckdb_destroy_value(&value);
  duckdb_destroy_expression(&argument);
  duckdb_destroy_client_context(&context);
  return id;
}

void bind(duckdb_bind_info info) {
  auto* registry = static_cast<FunctionRegistry*>(duckdb_scalar_function_bind_get_extra_info(info));
  parquet::Sink* sink = registry->sink(constant_id(info));
  std::vector<ColumnType> types;
  const idx_t count = duckdb_scalar_function_bind_get_argument_count(info);
  for (idx_t i = 1; i < count; ++i) types.push_back(argument_type(info, i));
  if (sink == nullptr || !sink->bind(types)) {
    duckdb_scalar_function_bind_set_error(info, "lakeward_parquet: these columns are not for it");
  }
}

void run(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  auto* registry = static_cast<FunctionRegistry*>(duckdb_scalar_function_get_extra_info(info));
  const idx_t rows = duckdb_data_chunk_get_size(input);
  if (rows == 0) return;
  const VectorView ids(duckdb_data_chunk_get_vector(input, 0));
  parquet::Sink* sink = registry->sink(ids.get<uint64_t>(0));
  CHECK(sink != nullptr, "lakeward_parquet was bound");
  std::vector<VectorView> columns;
  const idx_t count = duckdb_data_chunk_get_column_count(input);
  for (idx_t i = 1; i < count; ++i) {
    columns.emplace_back(duckdb_data_chunk_get_vector(input, i));
  }
  const Status appended = sink->append(columns, rows);
  if (!appended.ok()) {
    sink->fail(appended);
    duckdb_scalar_function_set_error(info, appended.message().c_str());
    return;
  }
  auto* ones = static_cast<uint64_t*>(duckdb_vector_get_data(output));
  std::fill(ones, ones + rows, 1);
}

}  // namespace

duckdb_state register_parquet_function(duckdb_connection connection, FunctionRegistry& registry) {
  duckdb_scalar_function function = duckdb_create_scalar_function();
  duckdb_scalar_function_set_name(function, "lakeward_parquet");
  duckdb_logical_type number = duckdb_create_logical_type(DUCKDB_TYPE_UBIGINT);
  duckdb_logical_type any = duckdb_create_logical_type(DUCKDB_TYPE_ANY);
  duckdb_scalar_function_add_parameter(function, number);
  duckdb_scalar_function_set_varargs(function, any);
  duckdb_scalar_function_set_return_type(function, number);
  duckdb_destroy_logical_type(&number);
  duckdb_destroy_logical_type(&any);
  duckdb_scalar_function_set_special_handling(function);  // NULL is a value
  duckdb_scalar_function_set_volatile(function);
  duckdb_scalar_function_set_extra_info(function, &registry, nullptr);
  duckdb_scalar_function_set_bind(function, bind);
  duckdb_scalar_function_set_function(function, run);
  const duckdb_state state = duckdb_register_scalar_function(connection, function);
  duckdb_destroy_scalar_function(&function);
  return state;
}

}  // namespace lakeward::engine
