#include "service/table_facts.h"

#include <nlohmann/json.hpp>

#include "delta/snapshot.h"

namespace lakeward::service {
namespace {

std::optional<uint64_t> rows_of(const std::vector<delta::AddFile>& files) {
  uint64_t rows = 0;
  for (const delta::AddFile& file : files) {
    const auto stats = nlohmann::json::parse(file.stats, nullptr, false);
    if (!stats.is_object() || !stats.contains("numRecords")) return std::nullopt;
    rows += stats["numRecords"].get<uint64_t>();
  }
  return rows;
}

Result<TableFacts> facts_of(const delta::Table& table, const std::string& name,
                            const delta::Snapshot& snapshot) {
  TableFacts facts;
  facts.name = name;
  facts.version = snapshot.state.version;
  facts.rows = rows_of(snapshot.files);
  facts.files = snapshot.files.size();
  for (const delta::AddFile& file : snapshot.files) facts.bytes += static_cast<uint64_t>(file.size);
  ASSIGN_OR_RETURN(const auto history, table.history(1));
  if (!history.empty()) facts.changed = history.front().timestamp;
  return facts;
}

}  // namespace

Result<TableFacts> table_facts(Lake& lake, const std::string& name) {
  ASSIGN_OR_RETURN(const std::string exact, lake.resolve(name));
  ASSIGN_OR_RETURN(const delta::Table table, lake.open(exact));
  const Result<delta::Snapshot> snapshot = table.snapshot();
  if (!snapshot.ok()) {
    TableFacts facts;
    facts.name = exact;
    facts.readable = snapshot.status();
    return facts;
  }
  return facts_of(table, exact, *snapshot);
}

Result<TableDetails> table_details(Lake& lake, const std::string& name) {
  ASSIGN_OR_RETURN(const std::string exact, lake.resolve(name));
  ASSIGN_OR_RETURN(const delta::Table table, lake.open(exact));
  ASSIGN_OR_RETURN(const delta::Snapshot snapshot, table.snapshot());
  TableDetails details;
  ASSIGN_OR_RETURN(details.facts, facts_of(table, exact, snapshot));
  details.place = table.name();
  details.schema = snapshot.state.schema;
  details.partition_columns = snapshot.state.metadata.partition_columns;
  details.protocol = snapshot.state.protocol;
  details.properties = snapshot.state.metadata.configuration;
  for (const auto& [application, txn] : snapshot.state.txns) {
    details.transactions.emplace(application, txn.version);
  }
  return details;
}

}  // namespace lakeward::service
