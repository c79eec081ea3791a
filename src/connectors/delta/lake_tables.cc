#include "connectors/delta/lake_tables.h"

#include <utility>

#include "connectors/delta/options.h"
#include "delta/scan.h"

namespace lakeward::connectors::delta {

Result<lakeward::delta::Table*> LakeTables::open(const std::string& table) {
  const auto known = tables_.find(table);
  if (known != tables_.end()) return &known->second;
  ASSIGN_OR_RETURN(std::string folder, table_folder(table));
  ASSIGN_OR_RETURN(lakeward::delta::Table opened,
                   lakeward::delta::Table::open(lake_, std::move(folder), database_));
  return &tables_.emplace(table, std::move(opened)).first->second;
}

Result<std::optional<int64_t>> LakeTables::version(const std::string& table) {
  std::lock_guard lock(mutex_);
  ASSIGN_OR_RETURN(const lakeward::delta::Table* opened, open(table));
  const Result<lakeward::delta::Version> version = opened->latest_version();
  if (version.status().code() == StatusCode::kNotFound) return std::optional<int64_t>();
  RETURN_IF_ERROR(version.status());
  return std::optional<int64_t>(*version);
}

Result<std::string> LakeTables::scan_select(const std::string& table, int64_t version) {
  std::lock_guard lock(mutex_);
  ASSIGN_OR_RETURN(const lakeward::delta::Table* opened, open(table));
  ASSIGN_OR_RETURN(const lakeward::delta::Snapshot snapshot, opened->snapshot_at(version));
  ASSIGN_OR_RETURN(lakeward::delta::Scan scan, lakeward::delta::scan(*opened, snapshot));
  return std::move(scan.sql);
}

}  // namespace lakeward::connectors::delta
