#include "delta/scan.h"

#include <algorithm>
#include <set>

#include "delta/values.h"
#include "engine/sql_text.h"

namespace lakeward::delta {
namespace {

// The place of a file that an add names. Delta protocol, "Add File and Remove File": a relative
// path, or an absolute URI.
Result<std::string> local_file(const Table& table, const AddFile& add) {
  const std::string path = decode_path(add.path);
  if (path.starts_with("file:/") || path.starts_with('/')) {
    const size_t from = path.starts_with('/') ? 0 : 5;
    const size_t first = path.find_first_not_of('/', from);
    return "/" + (first == std::string::npos ? "" : path.substr(first));
  }
  const size_t colon = path.find("://");
  if (colon != std::string::npos && path.find('/') > colon) {
    return unsupported("table " + table.name() + " has a file at " + add.path +
                       ", a place that Lakeward cannot read yet");
  }
  const auto local = table.store().local_copy(table.path() + "/" + path);
  if (!local.ok()) {
    if (local.status().code() == StatusCode::kNotFound) {
      return corruption(
          "table " + table.name() + ": the log names the file " + add.path +
          ", which is not there (removed by a vacuum with too short a retention, or by "
          "hand?)");
    }
    return local.status();
  }
  return local->string();
}

bool is_partition_column(const TableState& state, const std::string& name) {
  for (const std::string& column : state.metadata.partition_columns) {
    if (lower_name(column) == lower_name(name)) return true;
  }
  return false;
}

// A partition column's value by the number of the file, or one value where all files have the same.
Result<std::string> partition_expression(const Table& table, const Field& field,
                                         const std::vector<AddFile>& files) {
  std::string list;
  std::set<std::string> distinct;
  for (const AddFile& file : files) {
    auto value = file.partition_values.find(field.name);
    if (value == file.partition_values.end()) {
      value = std::find_if(
          file.partition_values.begin(), file.partition_values.end(),
          [&](const auto& entry) { return lower_name(entry.first) == lower_name(field.name); });
    }
    if (value == file.partition_values.end()) {
      return corruption("table " + table.name() + ": the file " + file.path +
                        " has no value for the partition column '" + field.name + "'");
    }
    auto literal = partition_literal(field.type, value->second);
    if (!literal.ok()) {
      return literal.status().with_context("table " + table.name() + ", file " + file.path +
                                           ", partition column '" + field.name + "'");
    }
    distinct.insert(*literal);
    list += (list.empty() ? "" : ", ") + *literal;
  }
  const std::string type = engine_type(field.type);
  if (field.type.primitive == "binary") {
    // The text's bytes, as Spark casts binary to string.
    if (distinct.size() == 1) return "encode(" + *distinct.begin() + "::VARCHAR)";
    return "encode(([" + list + "]::VARCHAR[])[file_index::BIGINT + 1])";
  }
  if (distinct.size() == 1) return "CAST(" + *distinct.begin() + " AS " + type + ")";
  return "(CAST([" + list + "]::VARCHAR[] AS " + type + "[]))[file_index::BIGINT + 1]";
}

Result<std::vector<Field>> chosen_columns(const Table& table, const TableState& state,
                                          const ScanOptions& options) {
  if (options.columns.empty()) return state.schema;
  std::vector<Field> fields;
  for (const std::string& name : options.columns) {
    const Field* field = find_field(state.schema, name);
    if (field == nullptr) {
      return invalid_argument("table " + table.name() + " has no column '" + name + "'");
    }
    fields.push_back(*field);
  }
  return fields;
}

// The SELECT for no files: no rows, the right columns.
std::string empty_select(const std::vector<Field>& fields, const ScanOptions& options) {
  std::string list;
  for (const Field& field : fields) {
    list += (list.empty() ? "" : ", ") + ("CAST(NULL AS " + engine_type(field.type)) + ") AS " +
            engine::quote_identifier(field.name);
  }
  if (options.position_column) {
    list += (list.empty() ? "" : ", ") + std::string("CAST(NULL AS UBIGINT) AS ") +
            engine::quote_identifier(*options.position_column);
  }
  return "SELECT " + list + " WHERE false";
}

Result<std::string> select_over(const Table& table, const TableState& state,
                                const std::vector<Field>& fields, const std::vector<AddFile>& files,
                                const ScanOptions& options) {
  std::string list;
  std::string schema;
  for (const Field& field : fields) {
    const std::string name = engine::quote_identifier(field.name);
    std::string value = name;
    if (is_partition_column(state, field.name)) {
      ASSIGN_OR_RETURN(value, partition_expression(table, field, files));
    } else if (field.type.primitive == "void") {
      value = "CAST(NULL AS INTEGER)";
    }
    list += (list.empty() ? "" : ", ") + value + (value == name ? "" : " AS " + name);
  }
  // All columns of the files are declared, whichever are read: the reader needs one at least.
  for (const Field& field : state.schema) {
    if (is_partition_column(state, field.name) || field.type.primitive == "void") continue;
    const std::string name = engine::quote_literal(field.name);
    schema += (schema.empty() ? "" : ", ") + name + ": {name: " + name +
              ", type: " + engine::quote_literal(engine_type(field.type)) +
              ", default_value: NULL}";
  }
  if (options.position_column) {
    list += (list.empty() ? "" : ", ") +
            ("((file_index::UBIGINT << " + std::to_string(kPositionShift)) +
            ") | file_row_number::UBIGINT) AS " +
            engine::quote_identifier(*options.position_column);
  }
  std::string paths;
  for (const AddFile& file : files) {
    ASSIGN_OR_RETURN(const std::string local, local_file(table, file));
    paths += (paths.empty() ? "" : ", ") + engine::quote_literal(local);
  }
  return "SELECT " + list + " FROM read_parquet([" + paths + "], schema = MAP {" + schema +
         "}, hive_partitioning = false)";
}

}  // namespace

Result<Scan> scan_files(const Table& table, const TableState& state, std::vector<AddFile> files,
                        const ScanOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<Field> fields, chosen_columns(table, state, options));
  Scan scan;
  for (AddFile& file : files) {
    if (may_match(file, state, options.predicates)) {
      scan.files.push_back(std::move(file));
    } else {
      ++scan.skipped_files;
    }
  }
  if (fields.empty() && !options.position_column) {
    return unsupported("table " + table.name() + " has no columns");
  }
  if (scan.files.empty()) {
    scan.sql = empty_select(fields, options);
    return scan;
  }
  ASSIGN_OR_RETURN(scan.sql, select_over(table, state, fields, scan.files, options));
  return scan;
}

Result<Scan> scan(const Table& table, const Snapshot& snapshot, const ScanOptions& options) {
  return scan_files(table, snapshot.state, snapshot.files, options);
}

}  // namespace lakeward::delta
