#include "delta/data_writer.h"

#include <charconv>

#include "delta/values.h"
#include "engine/parquet_writer.h"
#include "engine/sql_text.h"

namespace lakeward::delta {
namespace {

Status check_partition_columns(const WritePlan& plan, const DataWriterOptions& options) {
  for (const std::string& name : options.partition_by) {
    const Field* field = find_field(plan.schema, name);
    if (field == nullptr) {
      return invalid_argument("the partition column '" + name + "' is not a column of the table");
    }
    if (field->type.kind != DataType::Kind::kPrimitive || field->type.primitive == "binary" ||
        field->type.primitive == "void") {
      return unsupported("the partition column '" + name + "' is " + type_name(field->type) +
                         "; partition by a column of numbers, text, dates or timestamps");
    }
  }
  if (!options.partition_by.empty() && options.partition_by.size() == plan.schema.size()) {
    return invalid_argument("a table cannot be partitioned by all of its columns");
  }
  return ok_status();
}

Result<AddFile> describe_file(const engine::WrittenFile& file, const WritePlan& plan,
                              const std::filesystem::path& folder, const DataWriterOptions& options,
                              const Clock& clock) {
  AddFile add;
  add.path = encode_path(file.path.lexically_relative(folder).generic_string());
  for (const auto& [column, value] : file.partition) {
    const Field* field = find_field(plan.schema, column);
    CHECK(field != nullptr, "a partition column is a column of the table");
    const auto text = partition_text(field->type, value);
    RETURN_IF_ERROR(text.status().with_context("the column '" + field->name + "'"));
    add.partition_values[field->name] = *text;
  }
  add.size = static_cast<int64_t>(file.bytes);
  add.modified_ms = clock.now().millis();
  add.stats = statistics_json(file, plan.schema, options.partition_by, options.indexed_columns);
  return add;
}

}  // namespace

DataWriterOptions data_writer_options(const Metadata& metadata) {
  DataWriterOptions options;
  options.partition_by = metadata.partition_columns;
  const std::string indexed = metadata.property("delta.dataSkippingNumIndexedCols");
  int count = 0;
  const auto [end, error] = std::from_chars(indexed.data(), indexed.data() + indexed.size(), count);
  if (error == std::errc() && end == indexed.data() + indexed.size())
    options.indexed_columns = count;
  return options;
}

Result<WrittenFiles> write_files(engine::Session& session, const std::string& select,
                                 const WritePlan& plan, io::ObjectStore& store,
                                 const std::string& table_path, const DataWriterOptions& options,
                                 const Clock& clock) {
  RETURN_IF_ERROR(check_partition_columns(plan, options));
  ASSIGN_OR_RETURN(const std::filesystem::path folder, store.stage(table_path));
  engine::ParquetOptions parquet;
  parquet.partition_by = options.partition_by;
  parquet.compression = options.compression;
  for (const Field& field : plan.schema) {
    if (field.type.primitive != "void") parquet.columns.push_back(field.name);
  }
  const std::string query = "SELECT " + plan.select_list + " FROM (" + select + "\n)";
  ASSIGN_OR_RETURN(const std::vector<engine::WrittenFile> files,
                   engine::write_parquet(session, query, folder, parquet));
  WrittenFiles written;
  for (const engine::WrittenFile& file : files) {
    const std::string relative = file.path.lexically_relative(folder).generic_string();
    RETURN_IF_ERROR(store.publish(table_path + "/" + relative));
    ASSIGN_OR_RETURN(AddFile add, describe_file(file, plan, folder, options, clock));
    written.adds.push_back(std::move(add));
    written.rows += file.rows;
    written.bytes += file.bytes;
  }
  return written;
}

}  // namespace lakeward::delta
