// A connection to the engine, with tables that exist only for it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "engine/database.h"
#include "engine/result.h"
#include "engine/row_gate.h"
#include "engine/schema.h"
#include "engine/table_source.h"

namespace lakeward::engine {

namespace parquet {
class Sink;
}

// Not thread-safe, save for interrupt(). Errors of SQL are InvalidArgument with DuckDB's message; a
// failure that a TableSource returned comes back as it was; a full disk is ResourceExhausted; an
// interrupted query is Cancelled.
class Session {
 public:
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Runs one or more statements; rows are discarded.
  Status execute(const std::string& sql);
  // Runs one statement and holds its (few) rows in memory.
  Result<Rows> query(const std::string& sql);
  // Runs one statement; rows are produced as they are fetched.
  Result<std::unique_ptr<ResultStream>> stream(const std::string& sql);
  // The columns that a SELECT would return; nothing is run.
  Result<Schema> describe(const std::string& select);

  // Makes `name` ("input", "silver.sensor_data") mean `select` in this session; replaces.
  Status define_view(std::string_view name, const std::string& select);
  // Makes `name` mean the rows of `source`, which must outlive its use; replaces.
  Status define_relation(std::string_view name, TableSource& source);
  // Adds a gate; the number is lakeward_gate's first argument. It must outlive its use.
  uint64_t add_gate(RowGate& gate);
  void remove_gate(uint64_t id);
  // The same for lakeward_parquet. Internal to engine/.
  uint64_t add_sink(parquet::Sink& sink);
  void remove_sink(uint64_t id);

  // Ends the running query soon. Any thread may call it.
  void interrupt();

 private:
  friend class Database;
  struct Impl;
  explicit Session(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lakeward::engine
