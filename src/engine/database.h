// The embedded DuckDB: one instance a process, with one memory budget.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/status.h"

namespace lakeward::engine {

class Session;

struct DatabaseOptions {
  uint64_t memory_bytes = 1ULL << 30;     // DuckDB's own limit; past it, it spills
  unsigned threads = 0;                   // 0: one for each core
  std::filesystem::path spill_directory;  // empty: no spilling
  std::string time_zone = "UTC";          // of every session
};

// Thread-safe. Outlives its sessions.
class Database {
 public:
  // Errors: InvalidArgument (unknown time zone), IoError (spill directory).
  static Result<std::unique_ptr<Database>> open(const DatabaseOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // A connection with its own catalog: views defined in one session are not seen in another.
  Result<std::unique_ptr<Session>> make_session();

  struct Impl;  // the engine's own business

 private:
  explicit Database(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lakeward::engine
