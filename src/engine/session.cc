#include "engine/session.h"

#include <chrono>
#include <thread>
#include <utility>

#include "engine/errors.h"
#include "engine/session_impl.h"
#include "engine/sql_text.h"

namespace lakeward::engine {
namespace {

// Helps with a query's tasks until it is ready or has failed. DuckDB's own loop would spin, at the
// cost of a core, whenever other threads have taken all of them.
duckdb_pending_state run_tasks(duckdb_pending_result pending) {
  constexpr std::chrono::microseconds kIdle{100};
  while (true) {
    const duckdb_pending_state state = duckdb_pending_execute_task(pending);
    if (state == DUCKDB_PENDING_ERROR || duckdb_pending_execution_is_finished(state)) return state;
    if (state == DUCKDB_PENDING_NO_TASKS_AVAILABLE) std::this_thread::sleep_for(kIdle);
  }
}

}  // namespace

Session::Impl::~Impl() {
  for (const auto& [name, id] : relations) database->functions.remove_relation(id);
  if (connection == nullptr) return;
  if (!catalog.empty()) {
    duckdb_query(connection, ("USE memory; DETACH " + catalog).c_str(), nullptr);
  }
  duckdb_disconnect(&connection);
}

Status Session::Impl::failure(const char* message) {
  const Status reported = failures->take();
  if (!reported.ok()) return reported;
  return engine_error(message == nullptr ? "the query failed" : message);
}

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::~Session() = default;

Status Session::execute(const std::string& sql) {
  duckdb_result result;
  const duckdb_state state = duckdb_query(impl_->connection, sql.c_str(), &result);
  const Status outcome =
      state == DuckDBError ? impl_->failure(duckdb_result_error(&result)) : ok_status();
  duckdb_destroy_result(&result);
  return outcome;
}

Result<Rows> Session::query(const std::string& sql) {
  duckdb_prepared_statement statement = nullptr;
  if (duckdb_prepare(impl_->connection, sql.c_str(), &statement) == DuckDBError) {
    const Status failure = impl_->failure(duckdb_prepare_error(statement));
    duckdb_destroy_prepare(&statement);
    return failure;
  }
  duckdb_pending_result pending = nullptr;
  duckdb_pending_prepared(statement, &pending);
  duckdb_destroy_prepare(&statement);
  if (run_tasks(pending) == DUCKDB_PENDING_ERROR) {
    const Status failure = impl_->failure(duckdb_pending_error(pending));
    duckdb_destroy_pending(&pending);
    return failure;
  }
  duckdb_result result;
  const duckdb_state state = duckdb_execute_pending(pending, &result);
  duckdb_destroy_pending(&pending);
  if (state == DuckDBError) {
    const Status failure = impl_->failure(duckdb_result_error(&result));
    duckdb_destroy_result(&result);
    return failure;
  }
  ResultStream stream(result);
  return Rows::read(stream);
}

Result<std::unique_ptr<ResultStream>> Session::stream(const std::string& sql) {
  duckdb_prepared_statement statement = nullptr;
  if (duckdb_prepare(impl_->connection, sql.c_str(), &statement) == DuckDBError) {
    const Status failure = impl_->failure(duckdb_prepare_error(statement));
    duckdb_destroy_prepare(&statement);
    return failure;
  }
  duckdb_result result;
  const duckdb_state state = duckdb_execute_prepared_streaming(statement, &result);
  duckdb_destroy_prepare(&statement);
  if (state == DuckDBError) {
    const Status failure = impl_->failure(duckdb_result_error(&result));
    duckdb_destroy_result(&result);
    return failure;
  }
  return std::make_unique<ResultStream>(result);
}

Result<Schema> Session::describe(const std::string& select) {
  ASSIGN_OR_RETURN(const Rows rows,
                   query("SELECT column_name, column_type FROM (DESCRIBE " + select + "\n)"));
  Schema schema;
  for (size_t i = 0; i < rows.size(); ++i) schema.push_back({rows.text(i, 0), rows.text(i, 1)});
  return schema;
}

Status Session::define_view(std::string_view name, const std::string& select) {
  const size_t dot = name.find('.');
  if (dot != std::string_view::npos && !impl_->schemas.contains(name.substr(0, dot))) {
    const std::string schema(name.substr(0, dot));
    RETURN_IF_ERROR(execute("CREATE SCHEMA IF NOT EXISTS " + quote_identifier(schema)));
    impl_->schemas.insert(schema);
  }
  return execute("CREATE OR REPLACE VIEW " + quote_qualified(name) + " AS " + select);
}

Status Session::define_relation(std::string_view name, TableSource& source) {
  auto relation = std::make_shared<Relation>();
  relation->source = &source;
  relation->failures = impl_->failures;
  std::string probe;
  for (const Column& column : source.schema()) {
    probe += (probe.empty() ? "SELECT NULL::" : ", NULL::") + column.type;
  }
  CHECK(!probe.empty(), "a relation needs a column");
  duckdb_result result;
  if (duckdb_query(impl_->connection, probe.c_str(), &result) == DuckDBError) {
    const Status failure = impl_->failure(duckdb_result_error(&result));
    duckdb_destroy_result(&result);
    return failure;
  }
  for (size_t i = 0; i < source.schema().size(); ++i) {
    relation->types.push_back(duckdb_column_logical_type(&result, i));
  }
  duckdb_destroy_result(&result);

  const uint64_t id = impl_->database->functions.add_relation(std::move(relation));
  const Status defined =
      define_view(name, "SELECT * FROM lakeward_scan(" + std::to_string(id) + "::UBIGINT)");
  const auto previous = impl_->relations.find(name);
  if (!defined.ok()) {
    impl_->database->functions.remove_relation(id);
    return defined;
  }
  if (previous != impl_->relations.end()) {
    impl_->database->functions.remove_relation(previous->second);
    previous->second = id;
  } else {
    impl_->relations.emplace(name, id);
  }
  return ok_status();
}

uint64_t Session::add_gate(RowGate& gate) { return impl_->database->functions.add_gate(gate); }
void Session::remove_gate(uint64_t id) { impl_->database->functions.remove_gate(id); }
uint64_t Session::add_sink(parquet::Sink& sink) {
  return impl_->database->functions.add_sink(sink);
}
void Session::remove_sink(uint64_t id) { impl_->database->functions.remove_sink(id); }
void Session::interrupt() { duckdb_interrupt(impl_->connection); }

}  // namespace lakeward::engine
