// What a Database and its Sessions share. Internal to engine/.
#pragma once

#include <duckdb.h>

#include <atomic>

#include "engine/database.h"
#include "engine/functions.h"

namespace lakeward::engine {

struct Database::Impl {
  ~Impl();
  duckdb_database handle = nullptr;
  FunctionRegistry functions;
  std::atomic<uint64_t> next_session{1};
};

}  // namespace lakeward::engine
