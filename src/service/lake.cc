#include "service/lake.h"

#include <algorithm>

#include "base/suggest.h"
#include "delta/scan.h"
#include "delta/snapshot.h"
#include "engine/sql_text.h"

namespace lakeward::service {
namespace {

constexpr int kDeepestTable = 4;

std::string folder_of(std::string name) {
  std::replace(name.begin(), name.end(), '.', '/');
  return name;
}

bool can_be_a_table(const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos) return false;
  const std::string dotted = "." + name + ".";
  return dotted.find("..") == std::string::npos;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// Names that the engine itself has.
bool is_engines_own(const std::string& name) {
  const std::string lowered = lower(name);
  return lowered.starts_with("information_schema.") || lowered.starts_with("pg_catalog.") ||
         lowered.starts_with("duckdb_") || lowered.find('/') != std::string::npos;
}

Result<delta::Snapshot> snapshot_of(const delta::Table& table, const AsOf& as_of) {
  if (const auto* version = std::get_if<delta::Version>(&as_of)) return table.snapshot_at(*version);
  if (const auto* time = std::get_if<Timestamp>(&as_of)) return table.snapshot_at(*time);
  return table.snapshot();
}

bool is_integer(const std::string& type) {
  static const std::vector<std::string> kIntegers = {"TINYINT",   "SMALLINT", "INTEGER",
                                                     "BIGINT",    "HUGEINT",  "UTINYINT",
                                                     "USMALLINT", "UINTEGER", "UBIGINT"};
  return std::find(kIntegers.begin(), kIntegers.end(), type) != kIntegers.end();
}

bool is_exact(const std::string& type) { return is_integer(type) || type.starts_with("DECIMAL"); }

// Whether statistics of a column, compared with the literal's text, tell what the engine would.
bool compares_alike(const std::string& column_type, const std::string& literal_type) {
  if (is_exact(column_type)) return is_exact(literal_type);
  if (column_type == "DOUBLE") return is_exact(literal_type) || literal_type == "DOUBLE";
  if (column_type == "VARCHAR" || column_type == "BOOLEAN" ||
      column_type == "TIMESTAMP WITH TIME ZONE" || column_type == "TIMESTAMP") {
    return column_type == literal_type;
  }
  if (column_type == "DATE") return literal_type == "DATE" || literal_type == "VARCHAR";
  return false;
}

delta::Predicate::Op op_of(engine::Comparison comparison) {
  switch (comparison) {
    case engine::Comparison::kEqual:
      return delta::Predicate::Op::kEqual;
    case engine::Comparison::kNotEqual:
      return delta::Predicate::Op::kNotEqual;
    case engine::Comparison::kLess:
      return delta::Predicate::Op::kLess;
    case engine::Comparison::kLessOrEqual:
      return delta::Predicate::Op::kLessOrEqual;
    case engine::Comparison::kGreater:
      return delta::Predicate::Op::kGreater;
    case engine::Comparison::kGreaterOrEqual:
      return delta::Predicate::Op::kGreaterOrEqual;
    case engine::Comparison::kIsNull:
      return delta::Predicate::Op::kIsNull;
    case engine::Comparison::kIsNotNull:
      return delta::Predicate::Op::kIsNotNull;
  }
  CHECK(false, "unknown comparison");
}

}  // namespace

std::vector<delta::Predicate> pushed_predicates(
    const std::string& table, const std::vector<engine::ColumnPredicate>& predicates,
    const delta::TableSchema& schema) {
  std::vector<delta::Predicate> pushed;
  for (const engine::ColumnPredicate& predicate : predicates) {
    if (predicate.table != table) continue;
    const delta::Field* field = delta::find_field(schema, predicate.column);
    if (field == nullptr) continue;
    const bool about_null = predicate.comparison == engine::Comparison::kIsNull ||
                            predicate.comparison == engine::Comparison::kIsNotNull;
    if (!about_null && !compares_alike(delta::engine_type(field->type), predicate.literal_type)) {
      continue;
    }
    pushed.push_back({field->name, op_of(predicate.comparison), predicate.literal});
  }
  return pushed;
}

Status Lake::find_tables(const std::string& folder, int depth, std::vector<std::string>& found) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, store_.list_folders(folder));
  if (!folder.empty() && std::find(names.begin(), names.end(), "_delta_log") != names.end()) {
    std::string name = folder;
    std::replace(name.begin(), name.end(), '/', '.');
    found.push_back(name);
    return ok_status();
  }
  if (depth == kDeepestTable) return ok_status();
  for (const std::string& name : names) {
    // A dot would make a name that resolves to another folder.
    if (name.starts_with('_') || name.find('.') != std::string::npos) continue;
    RETURN_IF_ERROR(find_tables(folder.empty() ? name : folder + "/" + name, depth + 1, found));
  }
  return ok_status();
}

Result<std::vector<std::string>> Lake::tables() {
  std::vector<std::string> found;
  RETURN_IF_ERROR(find_tables("", 0, found));
  std::sort(found.begin(), found.end());
  return found;
}

Result<std::string> Lake::resolve(const std::string& name) {
  if (!can_be_a_table(name)) {
    return invalid_argument("'" + name + "' cannot be a table's name; write it as schema.table");
  }
  ASSIGN_OR_RETURN(const auto inside, store_.list_folders(folder_of(name)));
  if (std::find(inside.begin(), inside.end(), "_delta_log") != inside.end()) return name;
  ASSIGN_OR_RETURN(const std::vector<std::string> all, tables());
  for (const std::string& table : all) {
    if (lower(table) == lower(name)) return table;
  }
  const std::string hint =
      all.empty() ? "; the lake has no tables yet: run a pipeline first" : suggestion(name, all);
  return not_found("there is no table '" + name + "' in the lake " + store_.root() + hint);
}

Result<delta::Table> Lake::open(const std::string& name) {
  ASSIGN_OR_RETURN(const std::string exact, resolve(name));
  return delta::Table::open(store_, folder_of(exact), database_);
}

Result<BoundTable> Lake::bind_table(engine::Session& session, const std::string& as_named,
                                    const std::vector<engine::ColumnPredicate>& predicates,
                                    const AsOf& as_of) {
  ASSIGN_OR_RETURN(const std::string exact, resolve(as_named));
  ASSIGN_OR_RETURN(const delta::Table table,
                   delta::Table::open(store_, folder_of(exact), database_));
  ASSIGN_OR_RETURN(const delta::Snapshot snapshot, snapshot_of(table, as_of));
  delta::ScanOptions options;
  options.predicates = pushed_predicates(as_named, predicates, snapshot.state.schema);
  ASSIGN_OR_RETURN(const delta::Scan scan, delta::scan(table, snapshot, options));
  RETURN_IF_ERROR(session.define_view(as_named, scan.sql));
  return BoundTable{exact, snapshot.state.version, scan.files.size(), scan.skipped_files};
}

Result<std::vector<BoundTable>> Lake::bind(engine::Session& session, const std::string& sql,
                                           const AsOf& as_of) {
  ASSIGN_OR_RETURN(const engine::SqlInspection inspection, engine::inspect(session, sql));
  if (inspection.error) {
    const engine::SqlError& error = *inspection.error;
    const std::string place = error.line > 0 ? "line " + std::to_string(error.line) + ":" +
                                                   std::to_string(error.column) + ": "
                                             : "";
    return invalid_argument(place + error.message);
  }
  if (!inspection.is_select) {
    return invalid_argument("only one SELECT statement at a time can be run");
  }
  ASSIGN_OR_RETURN(const auto predicates, engine::extract_predicates(session, sql));
  std::vector<BoundTable> bound;
  for (const std::string& name : inspection.tables) {
    if (is_engines_own(name)) continue;
    ASSIGN_OR_RETURN(BoundTable table, bind_table(session, name, predicates, as_of));
    bound.push_back(std::move(table));
  }
  return bound;
}

Result<delta::Table*> Lake::kept_open(const std::string& name) {
  std::unique_ptr<delta::Table>& slot = open_tables_[name];
  if (slot == nullptr) {
    ASSIGN_OR_RETURN(delta::Table table, delta::Table::open(store_, folder_of(name), database_));
    slot = std::make_unique<delta::Table>(std::move(table));
  }
  return slot.get();
}

Result<std::optional<int64_t>> Lake::version(const std::string& table) {
  if (!can_be_a_table(table)) return invalid_argument("'" + table + "' is not a table's name");
  const std::lock_guard lock(mutex_);
  ASSIGN_OR_RETURN(const delta::Table* opened, kept_open(table));
  const Result<delta::Version> latest = opened->latest_version();
  if (latest.ok()) return std::optional<int64_t>(*latest);
  if (latest.status().code() == StatusCode::kNotFound) return std::optional<int64_t>();
  return latest.status();
}

Result<std::string> Lake::scan_select(const std::string& table, int64_t version) {
  const std::lock_guard lock(mutex_);
  ASSIGN_OR_RETURN(const delta::Table* opened, kept_open(table));
  ASSIGN_OR_RETURN(const delta::Snapshot snapshot, opened->snapshot_at(version));
  ASSIGN_OR_RETURN(const delta::Scan scan, delta::scan(*opened, snapshot));
  return scan.sql;
}

}  // namespace lakeward::service
