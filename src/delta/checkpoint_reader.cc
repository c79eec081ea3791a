// The reading of classic checkpoints through the engine.
#include <utility>

#include "delta/log.h"
#include "engine/sql_text.h"

namespace lakeward::delta {
namespace {

// Delta protocol, "Checkpoint Schema". Unknown parts of the files (stats_parsed, …) are not read.
constexpr std::pair<const char*, const char*> kColumns[] = {
    {"add",
     "STRUCT(path VARCHAR, \"partitionValues\" MAP(VARCHAR, VARCHAR), size BIGINT, "
     "\"modificationTime\" BIGINT, \"dataChange\" BOOLEAN, stats VARCHAR, tags MAP(VARCHAR, "
     "VARCHAR), "
     "\"deletionVector\" STRUCT(\"storageType\" VARCHAR, \"pathOrInlineDv\" VARCHAR, "
     "\"offset\" INTEGER, \"sizeInBytes\" INTEGER, cardinality BIGINT))"},
    {"remove",
     "STRUCT(path VARCHAR, \"deletionTimestamp\" BIGINT, \"dataChange\" BOOLEAN, "
     "\"extendedFileMetadata\" BOOLEAN, \"partitionValues\" MAP(VARCHAR, VARCHAR), size BIGINT)"},
    {"metaData",
     "STRUCT(id VARCHAR, \"name\" VARCHAR, description VARCHAR, "
     "format STRUCT(provider VARCHAR, options MAP(VARCHAR, VARCHAR)), \"schemaString\" VARCHAR, "
     "\"partitionColumns\" VARCHAR[], \"createdTime\" BIGINT, configuration MAP(VARCHAR, "
     "VARCHAR))"},
    {"protocol",
     "STRUCT(\"minReaderVersion\" INTEGER, \"minWriterVersion\" INTEGER, "
     "\"readerFeatures\" VARCHAR[], \"writerFeatures\" VARCHAR[])"},
    {"txn", "STRUCT(\"appId\" VARCHAR, version BIGINT, \"lastUpdated\" BIGINT)"},
};

}  // namespace

std::string checkpoint_column_type(const std::string& column) {
  for (const auto& [name, type] : kColumns) {
    if (column == name) return type;
  }
  CHECK(false, "not a column of a checkpoint");
  return "";
}

Result<std::string> checkpoint_relation(const Table& table, const std::vector<std::string>& parts,
                                        const std::vector<std::string>& columns) {
  std::string files;
  for (const std::string& part : parts) {
    ASSIGN_OR_RETURN(const std::filesystem::path local, table.store().local_copy(part));
    files += (files.empty() ? "" : ", ") + engine::quote_literal(local.string());
  }
  std::string schema;
  for (const std::string& column : columns) {
    const std::string name = engine::quote_literal(column);
    schema += (schema.empty() ? "" : ", ") + name + ": {name: " + name +
              ", type: " + engine::quote_literal(checkpoint_column_type(column)) +
              ", default_value: NULL}";
  }
  return "read_parquet([" + files + "], schema = MAP {" + schema + "}, hive_partitioning = false)";
}

Result<CheckpointReader> CheckpointReader::open(const Table& table,
                                                const std::vector<std::string>& parts,
                                                std::vector<std::string> columns) {
  CheckpointReader reader;
  reader.place_ = "table " + table.name() + ": checkpoint " + std::string(base_name(parts.at(0)));
  ASSIGN_OR_RETURN(const std::string relation, checkpoint_relation(table, parts, columns));
  std::string lines;
  std::string wanted;
  for (const std::string& column : columns) {
    const std::string name = engine::quote_identifier(column);
    lines += " WHEN " + name + " IS NOT NULL THEN '{\"" + column + "\":' || to_json(" + name +
             ")::VARCHAR || '}'";
    wanted += (wanted.empty() ? "" : " OR ") + name + " IS NOT NULL";
  }
  auto stream =
      table.session().stream("SELECT CASE" + lines + " END FROM " + relation + " WHERE " + wanted);
  if (!stream.ok()) {
    if (stream.status().code() == StatusCode::kInvalidArgument) {
      return corruption(reader.place_ + ": " + stream.status().message());
    }
    return stream.status().with_context(reader.place_);
  }
  reader.stream_ = std::move(*stream);
  return reader;
}

Result<std::optional<CommitActions>> CheckpointReader::next() {
  auto chunk = stream_->next();
  if (!chunk.ok()) {
    if (chunk.status().code() == StatusCode::kInvalidArgument) {
      return corruption(place_ + ": " + chunk.status().message());
    }
    return chunk.status().with_context(place_);
  }
  if (!chunk->has_value()) return std::optional<CommitActions>();
  const engine::VectorView lines = (*chunk)->column(0);
  std::string text;
  for (size_t row = 0; row < (*chunk)->rows(); ++row) {
    text += lines.string(row);
    text += '\n';
  }
  ASSIGN_OR_RETURN(CommitActions actions, parse_actions(text, place_));
  return std::optional<CommitActions>(std::move(actions));
}

}  // namespace lakeward::delta
