// A project as it was declared: lakeward.yaml and its pipelines, read and checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "config/value.h"
#include "connectors/schema_registry/options.h"
#include "engine/schema.h"
#include "format/debezium_format.h"
#include "format/decoder.h"
#include "project/sql_text.h"
#include "stream/expectations.h"
#include "stream/source.h"

namespace lakeward::project {

// `connections: {sales: {postgres: {…}}}`.
struct Connection {
  std::string name;
  std::string type;
  config::Value options;
  config::Location location;
};

// A source or a sink: the connector and its options, those of its connection among them.
struct ConnectorBlock {
  std::string connector;
  config::Value options;      // a map
  config::Location location;  // of the connector's name
};

struct CsvSettings {
  bool header = true;
  char delimiter = ',';
  char quote = '"';
  std::string null_text;
};

struct AvroSettings {
  std::optional<std::string> writer_schema;  // with no registry
  // The reader's schema. With a subject, both are known only when it is resolved.
  std::optional<std::string> reader_schema;
  std::vector<std::string> reader_references;
  std::string subject;  // empty: none
  std::string version;  // of the subject: "latest", or a number
  int64_t resolved_version = 0;
  // Not empty: the subject is not known yet, and why.
  std::string unresolved;
  bool awaits_registry = false;  // which may know it when it is asked again
};

// How a source's records become columns.
struct Decode {
  std::string format = "raw";  // "json", "avro", "debezium", "csv", "parquet" or "raw"
  engine::Schema columns;      // DuckDB's types; empty for parquet and raw
  std::vector<config::Location> column_locations;
  format::OnMalformed on_malformed = format::OnMalformed::kDeadLetter;
  format::Framing framing = format::Framing::kLines;
  CsvSettings csv;
  AvroSettings avro;
  // Of avro, debezium and json: where the schemas are that records name.
  std::optional<connectors::schema_registry::RegistryOptions> registry;
  bool skip_tombstones = false;  // of avro and json
  bool raw_bytes = false;        // of raw: `value` is a BLOB
  bool is_framed = false;        // of json and debezium: a schema registry's header comes first
  format::DebeziumUnit timestamps = format::DebeziumUnit::kMicros;  // of debezium
  format::DebeziumDecimals decimals = format::DebeziumDecimals::kPrecise;
  config::Location location;
};

struct DeclaredExpectation {
  std::string name;
  SourceText check;
  stream::Otherwise otherwise = stream::Otherwise::kDeadLetter;
};

struct Trigger {
  enum class Kind { kEvery, kOnce, kAfter };
  Kind kind = Kind::kEvery;
  Duration every{1'000'000};       // kEvery
  std::vector<std::string> after;  // kAfter: names of pipelines
  config::Location location;
};

enum class PipelineKind { kStream, kView };

struct Pipeline {
  std::string name;
  std::string description;
  PipelineKind kind = PipelineKind::kStream;
  std::optional<ConnectorBlock> from;  // of a stream
  std::optional<Decode> decode;        // of a source of records; raw if it says nothing
  // Of a stream the transform, "SELECT * FROM input" if it has none; of a view the query. Without a
  // semicolon at its end.
  SourceText sql;
  std::vector<DeclaredExpectation> expectations;  // in the file's order
  std::vector<ConnectorBlock> sinks;              // at least one
  // Where dead letters go; nullopt: the table dead_letter.<name>.
  std::optional<ConnectorBlock> dead_letters;
  Trigger trigger;
  stream::Limits limits;  // 0: none
  config::Location location;

  bool is_view() const { return kind == PipelineKind::kView; }
  // Whether rows of it may become dead letters.
  bool has_dead_letters() const;
};

// The lake table that a block names (`delta: {table: silver.x}`); "" if it is of another connector.
std::string lake_table(const ConnectorBlock& block);
std::string dead_letter_table(const Pipeline& pipeline);

struct Project {
  std::string name;
  std::filesystem::path root;  // absolute
  // Absolute paths, or URLs ("s3://…") as they were written.
  std::string lake;
  std::string checkpoints;
  uint64_t memory_bytes = 0;
  std::string time_zone = "UTC";
  config::Location time_zone_location;
  std::vector<Connection> connections;
  std::vector<Pipeline> pipelines;  // ordered by file name

  // nullptr if there is none of this name.
  const Pipeline* find(std::string_view pipeline) const;
};

}  // namespace lakeward::project
