#include <iostream>

#include "base/units.h"
#include "cli/json_output.h"
#include "cli/text_table.h"
#include "cli/verbs.h"
#include "service/table_facts.h"
#include "service/workspace.h"

namespace lakeward::cli {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const service::TableFacts& facts) {
  if (!facts.readable.ok()) {
    return Json{{"table", facts.name}, {"error", facts.readable.message()}};
  }
  Json object{{"table", facts.name},
              {"version", facts.version},
              {"rows", facts.rows ? Json(*facts.rows) : Json(nullptr)},
              {"files", facts.files},
              {"bytes", facts.bytes},
              {"changed", format_timestamp(facts.changed)}};
  return object;
}

Outcome list_tables(const Common& common) {
  auto workspace = service::Workspace::open(common.project);
  if (!workspace.ok()) return workspace.status();
  service::Lake& lake = (*workspace)->lake();
  const auto names = lake.tables();
  if (!names.ok()) return names.status();
  Json array = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const std::string& name : *names) {
    const Result<service::TableFacts> facts = service::table_facts(lake, name);
    if (!facts.ok()) return facts.status();
    array.push_back(to_json(*facts));
    if (!facts->readable.ok()) {
      rows.push_back({name, "", "", "", "", facts->readable.message()});
      continue;
    }
    rows.push_back({name, std::to_string(facts->version),
                    facts->rows ? format_count(*facts->rows) : "?", format_count(facts->files),
                    format_bytes(facts->bytes), format_timestamp(facts->changed)});
  }
  if (common.json) {
    std::cout << json_line(array);
    return ok_status();
  }
  if (rows.empty()) {
    if (!common.quiet) std::cerr << "The lake has no tables yet.\n";
    return ok_status();
  }
  std::cout << format_table(
      {{"table"}, {"version", true}, {"rows", true}, {"files", true}, {"size", true}, {"changed"}},
      rows, Screen::of_stdout());
  return ok_status();
}

struct TableOptions {
  std::string table;
  std::optional<uint64_t> limit;
};

std::string join(const delta::TextMap& map) {
  std::string out;
  for (const auto& [key, value] : map) out += (out.empty() ? "" : ", ") + key + "=" + value;
  return out;
}

Outcome show_history(const TableOptions& options, const Common& common) {
  auto workspace = service::Workspace::open(common.project);
  if (!workspace.ok()) return workspace.status();
  const Result<delta::Table> table = (*workspace)->lake().open(options.table);
  if (!table.ok()) return table.status();
  const auto entries = table->history(options.limit.value_or(20));
  if (!entries.ok()) return entries.status();
  Json array = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const delta::HistoryEntry& entry : *entries) {
    array.push_back(Json{{"version", entry.version},
                         {"timestamp", format_timestamp(entry.timestamp)},
                         {"operation", entry.info.operation},
                         {"parameters", entry.info.operation_parameters},
                         {"metrics", entry.info.operation_metrics},
                         {"engine", entry.info.engine_info}});
    rows.push_back({std::to_string(entry.version), format_timestamp(entry.timestamp),
                    entry.info.operation, join(entry.info.operation_metrics),
                    entry.info.engine_info});
  }
  if (common.json) {
    std::cout << json_line(array);
  } else {
    std::cout << format_table({{"version", true}, {"time"}, {"operation"}, {"metrics"}, {"engine"}},
                              rows, Screen::of_stdout());
  }
  return ok_status();
}

void print_details(const service::TableDetails& details) {
  const service::TableFacts& facts = details.facts;
  std::vector<std::vector<std::string>> columns;
  for (const delta::Field& field : details.schema) {
    columns.push_back({field.name, delta::type_name(field.type), field.nullable ? "" : "not null"});
  }
  std::cout << format_table({{"column"}, {"type"}, {""}}, columns, Screen::of_stdout()) << "\n"
            << "table       " << facts.name << "\n"
            << "place       " << details.place << "\n"
            << "version     " << facts.version << ", " << format_timestamp(facts.changed) << "\n"
            << "rows        " << (facts.rows ? format_count(*facts.rows) : "unknown") << "\n"
            << "files       " << format_count(facts.files) << ", " << format_bytes(facts.bytes)
            << "\n";
  std::string partitions;
  for (const std::string& column : details.partition_columns) {
    partitions += (partitions.empty() ? "" : ", ") + column;
  }
  if (!partitions.empty()) std::cout << "partitions  " << partitions << "\n";
  std::cout << "protocol    reader " << details.protocol.min_reader_version << ", writer "
            << details.protocol.min_writer_version << "\n";
  if (!details.properties.empty()) {
    std::cout << "properties  " << join(details.properties) << "\n";
  }
  for (const auto& [application, epoch] : details.transactions) {
    std::cout << "written by  " << application << ", last epoch " << epoch << "\n";
  }
}

Outcome describe_table(const TableOptions& options, const Common& common) {
  auto workspace = service::Workspace::open(common.project);
  if (!workspace.ok()) return workspace.status();
  const auto details = service::table_details((*workspace)->lake(), options.table);
  if (!details.ok()) return details.status();
  if (!common.json) {
    print_details(*details);
    return ok_status();
  }
  Json object = to_json(details->facts);
  object["place"] = details->place;
  object["columns"] = Json::array();
  for (const delta::Field& field : details->schema) {
    object["columns"].push_back(Json{{"name", field.name},
                                     {"type", delta::type_name(field.type)},
                                     {"nullable", field.nullable}});
  }
  object["partition_columns"] = details->partition_columns;
  object["protocol"] = Json{{"min_reader_version", details->protocol.min_reader_version},
                            {"min_writer_version", details->protocol.min_writer_version}};
  object["properties"] = details->properties;
  object["transactions"] = details->transactions;
  std::cout << json_line(object);
  return ok_status();
}

}  // namespace

void add_tables(CommandLine& line) {
  line.add({.name = "tables",
            .summary = "Lists the lake's tables with their rows, files and sizes",
            .details = {},
            .examples = {"lakeward tables"}},
           list_tables);
}

void add_history(CommandLine& line) {
  auto options = std::make_shared<TableOptions>();
  line.add({.name = "history",
            .summary = "Lists a table's versions, the newest first",
            .details = {},
            .examples = {"lakeward history silver.sensor_data -n 5"}},
           [options](const Common& common) { return show_history(*options, common); })
      .argument("TABLE", options->table, "The table's name, for example silver.sensor_data")
      .option("-n,--limit", options->limit, "At most so many versions; default: 20");
}

void add_describe(CommandLine& line) {
  auto options = std::make_shared<TableOptions>();
  line.add({.name = "describe",
            .summary = "Shows a table's schema, files, size and protocol",
            .details = {},
            .examples = {"lakeward describe silver.sensor_data"}},
           [options](const Common& common) { return describe_table(*options, common); })
      .argument("TABLE", options->table, "The table's name, for example silver.sensor_data");
}

}  // namespace lakeward::cli
