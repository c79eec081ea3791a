// The SQL functions by which the engine calls back into C++: lakeward_scan(ID), a table,
// lakeward_gate(ID, MASK, POSITION), a filter, and lakeward_parquet(ID, COLUMN…), which writes rows
// and gives 1 for each. Internal to engine/.
#pragma once

#include <duckdb.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "engine/parquet/sink.h"
#include "engine/row_gate.h"
#include "engine/table_source.h"

namespace lakeward::engine {

// Where a session's relations leave the Status with which they ended its query.
class FailureSlot {
 public:
  void set(const Status& status);
  // The first failure since the last take(), or OK.
  Status take();

 private:
  std::mutex mutex_;
  Status first_;
};

// A TableSource known to SQL by a number.
struct Relation {
  ~Relation();
  TableSource* source = nullptr;
  std::shared_ptr<FailureSlot> failures;
  std::vector<duckdb_logical_type> types;  // owned; one for each column of the source
};

// All relations, gates and sinks of a database, by number. Thread-safe.
class FunctionRegistry {
 public:
  uint64_t add_relation(std::shared_ptr<Relation> relation);
  void remove_relation(uint64_t id);
  std::shared_ptr<Relation> relation(uint64_t id);

  uint64_t add_gate(RowGate& gate);
  void remove_gate(uint64_t id);
  RowGate* gate(uint64_t id);

  uint64_t add_sink(parquet::Sink& sink);
  void remove_sink(uint64_t id);
  parquet::Sink* sink(uint64_t id);

 private:
  std::mutex mutex_;
  uint64_t next_id_ = 1;
  std::unordered_map<uint64_t, std::shared_ptr<Relation>> relations_;
  std::unordered_map<uint64_t, RowGate*> gates_;
  std::unordered_map<uint64_t, parquet::Sink*> sinks_;
};

// Makes the functions known to all sessions of the connection's database.
Status register_functions(duckdb_connection connection, FunctionRegistry& registry);

}  // namespace lakeward::engine
