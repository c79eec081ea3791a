// The keys of lakeward.yaml and of a pipeline's file, declared once; parsing and the reference
// pages come from here.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/options.h"
#include "format/debezium_format.h"
#include "format/decoder.h"
#include "project/project.h"

namespace lakeward::format {
std::vector<std::pair<std::string, OnMalformed>> option_choices(OnMalformed);
std::vector<std::pair<std::string, DebeziumUnit>> option_choices(DebeziumUnit);
std::vector<std::pair<std::string, DebeziumDecimals>> option_choices(DebeziumDecimals);
}  // namespace lakeward::format
namespace lakeward::stream {
std::vector<std::pair<std::string, Otherwise>> option_choices(Otherwise);
}  // namespace lakeward::stream

namespace lakeward::project {

std::vector<std::pair<std::string, PipelineKind>> option_choices(PipelineKind);

struct ProjectKeys {
  std::string project;
  std::string lake;
  std::optional<std::string> checkpoints;
  config::Bytes memory;
  std::string time_zone;
  config::Value connections;
  std::vector<std::string> pipelines;
};
const config::OptionSet<ProjectKeys>& project_keys();

struct PipelineKeys {
  std::string pipeline;
  std::string description;
  PipelineKind kind = PipelineKind::kStream;
  config::Value from, decode, transform, query, expect, watermark, deduplicate, to, dead_letters,
      trigger, limits;
};
const config::OptionSet<PipelineKeys>& pipeline_keys();

// How files and bodies are cut into records.
enum class Records { kLines, kArray, kWhole };
std::vector<std::pair<std::string, Records>> option_choices(Records);

// What becomes of a message without a value.
enum class Tombstones { kDeadLetter, kSkip };
std::vector<std::pair<std::string, Tombstones>> option_choices(Tombstones);

// What stands before each record.
enum class Prefix { kNone, kSchemaRegistry };
std::vector<std::pair<std::string, Prefix>> option_choices(Prefix);

struct JsonKeys {
  config::Value columns;
  format::OnMalformed on_malformed{};
  Records records{};
  Prefix framing{};
  Tombstones tombstones{};
  config::Value registry;
};
const config::OptionSet<JsonKeys>& json_keys();

struct CsvKeys {
  config::Value columns;
  format::OnMalformed on_malformed{};
  bool header = true;
  std::string delimiter, quote, null_text;
};
const config::OptionSet<CsvKeys>& csv_keys();

enum class RawRecords { kLines, kWhole };
std::vector<std::pair<std::string, RawRecords>> option_choices(RawRecords);

struct RawKeys {
  std::string type;
  format::OnMalformed on_malformed{};
  RawRecords records{};
};
const config::OptionSet<RawKeys>& raw_keys();

struct AvroKeys {
  config::Value registry, schema, writer_schema, columns;
  std::string subject, version;
  format::OnMalformed on_malformed{};
  Tombstones tombstones{};
};
const config::OptionSet<AvroKeys>& avro_keys();

struct DebeziumKeys {
  config::Value columns, registry;
  format::OnMalformed on_malformed{};
  format::DebeziumUnit timestamps{};
  format::DebeziumDecimals decimals{};
  Prefix framing{};
};
const config::OptionSet<DebeziumKeys>& debezium_keys();

struct ParquetKeys {};
const config::OptionSet<ParquetKeys>& parquet_keys();

struct ExpectationKeys {
  config::Value check;
  stream::Otherwise otherwise{};
};
const config::OptionSet<ExpectationKeys>& expectation_keys();

struct TriggerKeys {
  std::optional<Duration> every;
  config::Value once, cron;
  std::vector<std::string> after;
};
const config::OptionSet<TriggerKeys>& trigger_keys();

struct LimitKeys {
  uint64_t rows = 0;
  config::Bytes bytes;
};
const config::OptionSet<LimitKeys>& limit_keys();

struct TransformKeys {
  std::string file;
};
const config::OptionSet<TransformKeys>& transform_keys();
// Of a block `{file: x.avsc}`.
const config::OptionSet<TransformKeys>& schema_file_keys();

}  // namespace lakeward::project
