#include "engine/database.h"

#include <system_error>
#include <utility>

#include "engine/database_impl.h"
#include "engine/errors.h"
#include "engine/session_impl.h"
#include "engine/sql_text.h"

namespace lakeward::engine {
namespace {

Status open_handle(const DatabaseOptions& options, duckdb_database& handle) {
  duckdb_config config = nullptr;
  duckdb_create_config(&config);
  const auto set = [&](const char* name, const std::string& value) {
    CHECK(duckdb_set_config(config, name, value.c_str()) == DuckDBSuccess, name);
  };
  set("memory_limit", std::to_string(options.memory_bytes) + "B");
  if (options.threads > 0) set("threads", std::to_string(options.threads));
  set("temp_directory", options.spill_directory.string());
  // Row order carries no meaning in a table; keeping it would serialise every parallel write.
  set("preserve_insertion_order", "false");
  // A lake's files are local, so the system's page cache has them: a second copy here would only
  // grow until the memory limit.
  set("enable_external_file_cache", "false");
  set("autoinstall_known_extensions", "false");
  set("autoload_known_extensions", "false");
  char* error = nullptr;
  const duckdb_state state = duckdb_open_ext(nullptr, &handle, config, &error);
  duckdb_destroy_config(&config);
  if (state == DuckDBSuccess) return ok_status();
  const Status failure = engine_error(error == nullptr ? "the engine did not start" : error);
  duckdb_free(error);
  return failure;
}

}  // namespace

Database::Impl::~Impl() {
  if (handle != nullptr) duckdb_close(&handle);
}

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const DatabaseOptions& options) {
  if (!options.spill_directory.empty()) {
    std::error_code error;
    std::filesystem::create_directories(options.spill_directory, error);
    if (error) {
      return io_error("making the spill folder " + options.spill_directory.string() + ": " +
                      error.message());
    }
  }
  auto impl = std::make_unique<Impl>();
  RETURN_IF_ERROR(open_handle(options, impl->handle));
  std::unique_ptr<Database> database(new Database(std::move(impl)));
  Session::Impl boot;
  boot.database = database->impl_.get();
  if (duckdb_connect(database->impl_->handle, &boot.connection) == DuckDBError) {
    return internal_error("the engine refused a connection");
  }
  RETURN_IF_ERROR(register_functions(boot.connection, database->impl_->functions));
  duckdb_result result;
  const std::string zone = "SET GLOBAL TimeZone = " + quote_literal(options.time_zone);
  const duckdb_state state = duckdb_query(boot.connection, zone.c_str(), &result);
  const Status outcome =
      state == DuckDBError ? engine_error(duckdb_result_error(&result)) : ok_status();
  duckdb_destroy_result(&result);
  RETURN_IF_ERROR(outcome);
  return database;
}

Result<std::unique_ptr<Session>> Database::make_session() {
  auto impl = std::make_unique<Session::Impl>();
  impl->database = impl_.get();
  if (duckdb_connect(impl_->handle, &impl->connection) == DuckDBError) {
    return internal_error("the engine refused a connection");
  }
  std::string catalog = "session_" + std::to_string(impl_->next_session++);
  std::unique_ptr<Session> session(new Session(std::move(impl)));
  RETURN_IF_ERROR(session->execute("ATTACH ':memory:' AS " + catalog + "; USE " + catalog));
  session->impl_->catalog = std::move(catalog);
  return session;
}

}  // namespace lakeward::engine
