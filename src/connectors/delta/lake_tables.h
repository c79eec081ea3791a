// The lake's Delta tables, as views and transforms name them.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "delta/table.h"
#include "engine/database.h"
#include "io/object_store.h"
#include "stream/table_catalog.h"

namespace lakeward::connectors::delta {

// Thread-safe. The store and the database outlive it.
class LakeTables final : public stream::TableCatalog {
 public:
  LakeTables(io::ObjectStore& lake, engine::Database& database)
      : lake_(lake), database_(database) {}

  Result<std::optional<int64_t>> version(const std::string& table) override;
  Result<std::string> scan_select(const std::string& table, int64_t version) override;

 private:
  // Opened once; with the lock held.
  Result<lakeward::delta::Table*> open(const std::string& table);

  io::ObjectStore& lake_;
  engine::Database& database_;
  std::mutex mutex_;
  std::map<std::string, lakeward::delta::Table> tables_;
};

}  // namespace lakeward::connectors::delta
