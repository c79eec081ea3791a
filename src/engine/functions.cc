#include "engine/functions.h"

#include <string>

#include "engine/parquet_function.h"

namespace lakeward::engine {

void FailureSlot::set(const Status& status) {
  std::lock_guard lock(mutex_);
  if (first_.ok()) first_ = status;
}

Status FailureSlot::take() {
  std::lock_guard lock(mutex_);
  return std::exchange(first_, Status());
}

Relation::~Relation() {
  for (duckdb_logical_type& type : types) duckdb_destroy_logical_type(&type);
}

uint64_t FunctionRegistry::add_relation(std::shared_ptr<Relation> relation) {
  std::lock_guard lock(mutex_);
  relations_[next_id_] = std::move(relation);
  return next_id_++;
}

void FunctionRegistry::remove_relation(uint64_t id) {
  std::lock_guard lock(mutex_);
  relations_.erase(id);
}

std::shared_ptr<Relation> FunctionRegistry::relation(uint64_t id) {
  std::lock_guard lock(mutex_);
  const auto found = relations_.find(id);
  return found == relations_.end() ? nullptr : found->second;
}

uint64_t FunctionRegistry::add_gate(RowGate& gate) {
  std::lock_guard lock(mutex_);
  gates_[next_id_] = &gate;
  return next_id_++;
}

void FunctionRegistry::remove_gate(uint64_t id) {
  std::lock_guard lock(mutex_);
  gates_.erase(id);
}

RowGate* FunctionRegistry::gate(uint64_t id) {
  std::lock_guard lock(mutex_);
  const auto found = gates_.find(id);
  return found == gates_.end() ? nullptr : found->second;
}

uint64_t FunctionRegistry::add_sink(parquet::Sink& sink) {
  std::lock_guard lock(mutex_);
  sinks_[next_id_] = &sink;
  return next_id_++;
}

void FunctionRegistry::remove_sink(uint64_t id) {
  std::lock_guard lock(mutex_);
  sinks_.erase(id);
}

parquet::Sink* FunctionRegistry::sink(uint64_t id) {
  std::lock_guard lock(mutex_);
  const auto found = sinks_.find(id);
  return found == sinks_.end() ? nullptr : found->second;
}

namespace {

template <typename T>
void destroy(void* pointer) {
  delete static_cast<T*>(pointer);
}

struct ScanBinding {
  std::shared_ptr<Relation> relation;
};

struct ScanState {
  std::shared_ptr<Relation> relation;
  std::unique_ptr<TableScan> scan;
};

struct ProducerState {
  std::unique_ptr<ChunkProducer> producer;
};

void bind_scan(duckdb_bind_info info) {
  auto* registry = static_cast<FunctionRegistry*>(duckdb_bind_get_extra_info(info));
  duckdb_value parameter = duckdb_bind_get_parameter(info, 0);
  const uint64_t id = duckdb_get_uint64(parameter);
  duckdb_destroy_value(&parameter);
  std::shared_ptr<Relation> relation = registry->relation(id);
  if (relation == nullptr) {
    duckdb_bind_set_error(info, "lakeward_scan: no such relation");
    return;
  }
  const Schema& schema = relation->source->schema();
  for (size_t i = 0; i < schema.size(); ++i) {
    duckdb_bind_add_result_column(info, schema[i].name.c_str(), relation->types[i]);
  }
  duckdb_bind_set_bind_data(info, new ScanBinding{std::move(relation)}, destroy<ScanBinding>);
}

void init_scan(duckdb_init_info info) {
  const auto* binding = static_cast<ScanBinding*>(duckdb_init_get_bind_data(info));
  std::vector<size_t> columns;
  for (idx_t i = 0; i < duckdb_init_get_column_count(info); ++i) {
    const idx_t column = duckdb_init_get_column_index(info, i);
    // A query that needs no column (count(*)) asks for DuckDB's row id, which is past the schema.
    if (column < binding->relation->types.size()) columns.push_back(column);
  }
  Result<std::unique_ptr<TableScan>> scan = binding->relation->source->scan(columns);
  if (!scan.ok()) {
    binding->relation->failures->set(scan.status());
    duckdb_init_set_error(info, scan.status().message().c_str());
    return;
  }
  duckdb_init_set_max_threads(info, scan.value()->max_threads());
  duckdb_init_set_init_data(info, new ScanState{binding->relation, std::move(scan).value()},
                            destroy<ScanState>);
}

void init_producer(duckdb_init_info info) {
  duckdb_init_set_init_data(info, new ProducerState, destroy<ProducerState>);
}

void run_producer(duckdb_function_info info, duckdb_data_chunk output) {
  auto* scan = static_cast<ScanState*>(duckdb_function_get_init_data(info));
  auto* state = static_cast<ProducerState*>(duckdb_function_get_local_init_data(info));
  const auto fail = [&](const Status& status) {
    scan->relation->failures->set(status);
    duckdb_function_set_error(info, status.message().c_str());
  };
  if (state->producer == nullptr) {
    Result<std::unique_ptr<ChunkProducer>> producer = scan->scan->make_producer();
    if (!producer.ok()) return fail(producer.status());
    state->producer = std::move(producer).value();
  }
  ChunkWriter chunk(output);
  const Result<size_t> rows = state->producer->fill(chunk);
  if (!rows.ok()) return fail(rows.status());
  CHECK(*rows <= kChunkRows);
  duckdb_data_chunk_set_size(output, *rows);
}

bool any_null(duckdb_vector vector, idx_t rows) {
  uint64_t* validity = duckdb_vector_get_validity(vector);
  if (validity == nullptr) return false;
  for (idx_t i = 0; i < rows; ++i) {
    if (!duckdb_validity_row_is_valid(validity, i)) return true;
  }
  return false;
}

void run_gate(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  auto* registry = static_cast<FunctionRegistry*>(duckdb_scalar_function_get_extra_info(info));
  const idx_t rows = duckdb_data_chunk_get_size(input);
  if (rows == 0) return;
  uint64_t* columns[3];
  for (idx_t i = 0; i < 3; ++i) {
    duckdb_vector vector = duckdb_data_chunk_get_vector(input, i);
    CHECK(!any_null(vector, rows), "lakeward_gate takes no NULL");
    columns[i] = static_cast<uint64_t*>(duckdb_vector_get_data(vector));
  }
  RowGate* gate = registry->gate(columns[0][0]);
  if (gate == nullptr) {
    duckdb_scalar_function_set_error(info, "lakeward_gate: no such gate");
    return;
  }
  gate->pass_rows({columns[1], rows}, {columns[2], rows},
                  static_cast<bool*>(duckdb_vector_get_data(output)));
}

duckdb_state register_scan(duckdb_connection connection, FunctionRegistry& registry) {
  duckdb_table_function function = duckdb_create_table_function();
  duckdb_table_function_set_name(function, "lakeward_scan");
  duckdb_logical_type id_type = duckdb_create_logical_type(DUCKDB_TYPE_UBIGINT);
  duckdb_table_function_add_parameter(function, id_type);
  duckdb_destroy_logical_type(&id_type);
  duckdb_table_function_set_extra_info(function, &registry, nullptr);
  duckdb_table_function_set_bind(function, bind_scan);
  duckdb_table_function_set_init(function, init_scan);
  duckdb_table_function_set_local_init(function, init_producer);
  duckdb_table_function_set_function(function, run_producer);
  duckdb_table_function_supports_projection_pushdown(function, true);
  const duckdb_state state = duckdb_register_table_function(connection, function);
  duckdb_destroy_table_function(&function);
  return state;
}

duckdb_state register_gate(duckdb_connection connection, FunctionRegistry& registry) {
  duckdb_scalar_function function = duckdb_create_scalar_function();
  duckdb_scalar_function_set_name(function, "lakeward_gate");
  duckdb_logical_type number = duckdb_create_logical_type(DUCKDB_TYPE_UBIGINT);
  duckdb_logical_type boolean = duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN);
  for (int i = 0; i < 3; ++i) duckdb_scalar_function_add_parameter(function, number);
  duckdb_scalar_function_set_return_type(function, boolean);
  duckdb_destroy_logical_type(&number);
  duckdb_destroy_logical_type(&boolean);
  duckdb_scalar_function_set_special_handling(function);
  duckdb_scalar_function_set_volatile(function);
  duckdb_scalar_function_set_extra_info(function, &registry, nullptr);
  duckdb_scalar_function_set_function(function, run_gate);
  const duckdb_state state = duckdb_register_scalar_function(connection, function);
  duckdb_destroy_scalar_function(&function);
  return state;
}

}  // namespace

Status register_functions(duckdb_connection connection, FunctionRegistry& registry) {
  if (register_scan(connection, registry) == DuckDBError ||
      register_gate(connection, registry) == DuckDBError ||
      register_parquet_function(connection, registry) == DuckDBError) {
    return internal_error("the engine refused to register its callback functions");
  }
  return ok_status();
}

}  // namespace lakeward::engine
