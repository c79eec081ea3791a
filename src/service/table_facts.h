// What people want to know of a table.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "service/lake.h"

namespace lakeward::service {

struct TableFacts {
  std::string name;
  Status readable;  // why Lakeward cannot read it; nothing below is set then
  delta::Version version = 0;
  std::optional<uint64_t> rows;  // from statistics; nullopt if a file has none
  uint64_t files = 0;
  uint64_t bytes = 0;
  Timestamp changed;  // of the newest version
};

struct TableDetails {
  TableFacts facts;
  std::string place;
  delta::TableSchema schema;
  std::vector<std::string> partition_columns;
  delta::Protocol protocol;
  delta::TextMap properties;
  std::map<std::string, int64_t> transactions;  // appId → last version (epoch)
};

// Errors: NotFound with the nearest name; the store's. A table that is not readable is a fact.
Result<TableFacts> table_facts(Lake& lake, const std::string& name);
// Errors: as table_facts(), and those of reading the table.
Result<TableDetails> table_details(Lake& lake, const std::string& name);

}  // namespace lakeward::service
