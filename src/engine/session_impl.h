// The state of a Session. Internal to engine/.
#pragma once

#include <duckdb.h>

#include <map>
#include <memory>
#include <set>
#include <string>

#include "engine/database_impl.h"
#include "engine/session.h"

namespace lakeward::engine {

struct Session::Impl {
  ~Impl();
  // The Status of a failed query: what a relation reported, else DuckDB's own message.
  Status failure(const char* message);

  Database::Impl* database = nullptr;
  duckdb_connection connection = nullptr;
  std::string catalog;
  std::shared_ptr<FailureSlot> failures = std::make_shared<FailureSlot>();
  std::map<std::string, uint64_t, std::less<>> relations;  // by name
  std::set<std::string, std::less<>> schemas;
};

}  // namespace lakeward::engine
