// Rows that C++ produces, as a table that SQL can name (Session::define_relation).
//
// DuckDB asks a TableSource for a scan of the columns that a query uses, the scan for one producer
// a thread, and each producer for chunks until it has no more rows.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/status.h"
#include "engine/chunk_writer.h"
#include "engine/schema.h"

namespace lakeward::engine {

// Used by one thread.
class ChunkProducer {
 public:
  virtual ~ChunkProducer() = default;
  // Writes up to kChunkRows rows and returns how many; 0 means that this producer is done. A
  // failure ends the whole query with the same Status.
  virtual Result<size_t> fill(ChunkWriter& chunk) = 0;
};

// One execution. Memory given to set_stable_string() must stay until its producer's fill() has been
// called twice more, or the scan ends: operators that keep rows longer than one chunk copy them.
class TableScan {
 public:
  virtual ~TableScan() = default;
  virtual size_t max_threads() const = 0;
  // Called once a thread, from that thread.
  virtual Result<std::unique_ptr<ChunkProducer>> make_producer() = 0;
};

class TableSource {
 public:
  virtual ~TableSource() = default;
  virtual const Schema& schema() const = 0;
  // `columns` are indexes into schema(), in the order in which the chunk will have them; empty if
  // the query only counts rows.
  virtual Result<std::unique_ptr<TableScan>> scan(const std::vector<size_t>& columns) = 0;
};

}  // namespace lakeward::engine
