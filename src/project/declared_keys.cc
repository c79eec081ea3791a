#include "project/declared_keys.h"

namespace lakeward::format {

std::vector<std::pair<std::string, OnMalformed>> option_choices(OnMalformed) {
  return {{"dead_letter", OnMalformed::kDeadLetter},
          {"null", OnMalformed::kNull},
          {"fail", OnMalformed::kFail}};
}

std::vector<std::pair<std::string, DebeziumUnit>> option_choices(DebeziumUnit) {
  return {{"millis", DebeziumUnit::kMillis},
          {"micros", DebeziumUnit::kMicros},
          {"nanos", DebeziumUnit::kNanos}};
}

std::vector<std::pair<std::string, DebeziumDecimals>> option_choices(DebeziumDecimals) {
  return {{"precise", DebeziumDecimals::kPrecise}, {"string", DebeziumDecimals::kString}};
}

}  // namespace lakeward::format

namespace lakeward::stream {

std::vector<std::pair<std::string, Otherwise>> option_choices(Otherwise) {
  return {{"dead_letter", Otherwise::kDeadLetter},
          {"drop", Otherwise::kDrop},
          {"keep", Otherwise::kKeep},
          {"fail", Otherwise::kFail}};
}

}  // namespace lakeward::stream

namespace lakeward::project {

using config::default_to;
using config::optional;
using config::OptionSet;
using config::required;

std::vector<std::pair<std::string, PipelineKind>> option_choices(PipelineKind) {
  return {{"stream", PipelineKind::kStream}, {"view", PipelineKind::kView}};
}

std::vector<std::pair<std::string, Records>> option_choices(Records) {
  return {{"lines", Records::kLines}, {"array", Records::kArray}, {"whole", Records::kWhole}};
}

std::vector<std::pair<std::string, Tombstones>> option_choices(Tombstones) {
  return {{"dead_letter", Tombstones::kDeadLetter}, {"skip", Tombstones::kSkip}};
}

std::vector<std::pair<std::string, Prefix>> option_choices(Prefix) {
  return {{"none", Prefix::kNone}, {"schema_registry", Prefix::kSchemaRegistry}};
}

std::vector<std::pair<std::string, RawRecords>> option_choices(RawRecords) {
  return {{"lines", RawRecords::kLines}, {"whole", RawRecords::kWhole}};
}

const OptionSet<ProjectKeys>& project_keys() {
  static const OptionSet<ProjectKeys> keys = {
      {"project", &ProjectKeys::project, required(),
       "The project's name: letters, digits, '_' and '-'."},
      {"lake", &ProjectKeys::lake, default_to(std::string("./lake")),
       "Where tables live: a folder. The table a.b is the folder <lake>/a/b. Relative paths begin "
       "at the project's folder. (s3://bucket/prefix is not supported yet.)"},
      {"checkpoints", &ProjectKeys::checkpoints, optional(),
       "Where pipelines remember how far they have come; <lake>/_lakeward/checkpoints if left "
       "out."},
      {"memory", &ProjectKeys::memory, default_to(config::Bytes{2ULL << 30}),
       "What the process may use in all; at least 128MiB."},
      {"time_zone", &ProjectKeys::time_zone, default_to(std::string("UTC")),
       "The time zone of every session, whatever the machine's zone is; for example "
       "Europe/Berlin."},
      {"connections", &ProjectKeys::connections, optional(),
       "Named options that sources and sinks share: `name: {connector: {…}}`, used by "
       "`connection: name`. A block's own options go before those of its connection."},
      {"pipelines", &ProjectKeys::pipelines,
       default_to(std::vector<std::string>{"pipelines/*.yaml", "pipelines/*.yml"}),
       "The pipelines' files: paths or globs (*, ?, [a-z], and ** for any depth), relative to the "
       "project's folder."},
  };
  return keys;
}

const OptionSet<PipelineKeys>& pipeline_keys() {
  static const OptionSet<PipelineKeys> keys = {
      {"pipeline", &PipelineKeys::pipeline, required(),
       "The pipeline's name: letters, digits and '_', not beginning with a digit."},
      {"description", &PipelineKeys::description, optional(), "What it is for, for people."},
      {"kind", &PipelineKeys::kind, default_to(PipelineKind::kStream),
       "stream: reads what is new in `from`. view: a table defined by `query` over lake tables, "
       "refreshed by its trigger and replaced atomically."},
      {"from", &PipelineKeys::from, optional(),
       "One source: `connector: {options}`. A stream needs it."},
      {"decode", &PipelineKeys::decode, optional(),
       "How a source's records become columns: json, avro, debezium, csv, parquet or raw, with "
       "options where "
       "needed: `json: {columns: {name: TYPE, …}}`. If left out: raw."},
      {"transform", &PipelineKeys::transform, optional(),
       "SQL over `input`, or `{file: x.sql}`; SELECT * FROM input if left out."},
      {"query", &PipelineKeys::query, optional(),
       "Of a view: SQL over lake tables, or `{file: x.sql}`."},
      {"expect", &PipelineKeys::expect, optional(),
       "Checks on the transform's result: `name: {check: SQL, otherwise: dead_letter}`."},
      {"watermark", &PipelineKeys::watermark, optional(),
       "How late rows may be: `{column: event_time, delay: 10 minutes}`. Not supported yet."},
      {"deduplicate", &PipelineKeys::deduplicate, optional(),
       "Which rows are the same: `{by: [columns]}`. Not supported yet."},
      {"to", &PipelineKeys::to, required(),
       "One sink, `connector: {options}`, or a list of sinks."},
      {"dead_letters", &PipelineKeys::dead_letters, optional(),
       "Where rejected records go: `kafka: {topic: …}`, with the options of that sink; by default "
       "the table dead_letter.PIPELINE."},
      {"trigger", &PipelineKeys::trigger, optional(),
       "When it runs: `every: 1s` (the default), `once`, `after: [pipelines]`, or `cron` (not "
       "supported yet)."},
      {"limits", &PipelineKeys::limits, optional(),
       "How much one epoch may take: `{rows: 1000000, bytes: 256MiB}`, which is what a Kafka or "
       "Event Hubs source keeps to without it (and to a quarter of `memory`)."},
  };
  return keys;
}

const OptionSet<JsonKeys>& json_keys() {
  static const OptionSet<JsonKeys> keys = {
      {"columns", &JsonKeys::columns, required(),
       "The fields to read and their types: `name: TYPE`, in DuckDB's or Spark's names."},
      {"on_malformed", &JsonKeys::on_malformed, default_to(format::OnMalformed::kDeadLetter),
       "What becomes of a record that is no such object: dead_letter, null (a row of NULLs) or "
       "fail."},
      {"records", &JsonKeys::records, default_to(Records::kLines),
       "lines: an object a line (JSON Lines). array: the elements of one array. whole: the whole "
       "file, body or message is one object."},
      {"framing", &JsonKeys::framing, default_to(Prefix::kNone),
       "schema_registry: each message begins with a zero byte and its schema's id, as Confluent's "
       "JSON Schema serializer writes it; they are skipped. A message is then one object, whatever "
       "`records` says."},
      {"tombstones", &JsonKeys::tombstones, default_to(Tombstones::kDeadLetter),
       "What becomes of a message without a value: dead_letter (as on_malformed says), or skip (it "
       "counts as filtered)."},
      {"registry", &JsonKeys::registry, optional(),
       "The schema registry that has the schemas' ids, its options or the name of a connection of "
       "type schema_registry. Messages are then framed, and one whose schema it does not know is "
       "malformed. Left out: ids are not looked up."},
  };
  return keys;
}

const OptionSet<CsvKeys>& csv_keys() {
  static const OptionSet<CsvKeys> keys = {
      {"columns", &CsvKeys::columns, required(),
       "The columns and their types: `name: TYPE`, in the order of the file unless it has a "
       "header."},
      {"on_malformed", &CsvKeys::on_malformed, default_to(format::OnMalformed::kDeadLetter),
       "What becomes of a row that does not fit: dead_letter, null (a row of NULLs) or fail."},
      {"header", &CsvKeys::header, default_to(true), "Whether the first row names the columns."},
      {"delimiter", &CsvKeys::delimiter, default_to(std::string(",")),
       "What separates fields: one character, or \\t."},
      {"quote", &CsvKeys::quote, default_to(std::string("\"")),
       "What surrounds fields that hold delimiters or line ends: one character."},
      {"null", &CsvKeys::null_text, default_to(std::string()),
       "The unquoted text that means NULL; by default nothing between two delimiters."},
  };
  return keys;
}

const OptionSet<RawKeys>& raw_keys() {
  static const OptionSet<RawKeys> keys = {
      {"type", &RawKeys::type, default_to(std::string("VARCHAR")),
       "Of the column `value`: VARCHAR, of records that are text; or BLOB, of any bytes."},
      {"on_malformed", &RawKeys::on_malformed, default_to(format::OnMalformed::kDeadLetter),
       "What becomes of a record that is no text: dead_letter, null or fail."},
      {"records", &RawKeys::records, default_to(RawRecords::kLines),
       "lines: a record a line. whole: the whole file, body or message."},
  };
  return keys;
}

const OptionSet<AvroKeys>& avro_keys() {
  static const OptionSet<AvroKeys> keys = {
      {"registry", &AvroKeys::registry, optional(),
       "The schema registry that has the schemas by which records were written: its options, or "
       "the name of a connection of type schema_registry. Records then begin with a zero byte and "
       "the schema's id (Confluent's framing)."},
      {"writer_schema", &AvroKeys::writer_schema, optional(),
       "Without a registry: the schema by which all records were written, as JSON text or "
       "`{file: x.avsc}`. Records then are nothing but the value."},
      {"schema", &AvroKeys::schema, optional(),
       "The reader's schema, as JSON text or `{file: x.avsc}`: every record is resolved against it "
       "by Avro's rules (defaults, aliases, promotions)."},
      {"subject", &AvroKeys::subject, optional(),
       "The registry's subject whose schema is the reader's, if neither `schema` nor `columns` "
       "says "
       "what is wanted; <topic>-value if left out. It is asked for before the first run, and stays "
       "as it was then."},
      {"version", &AvroKeys::version, default_to(std::string("latest")),
       "The version of the subject: a number, or latest."},
      {"columns", &AvroKeys::columns, optional(),
       "The fields to read and their types: `name: TYPE`. If left out: the fields of `schema`, of "
       "`writer_schema` or of the subject's schema."},
      {"on_malformed", &AvroKeys::on_malformed, default_to(format::OnMalformed::kDeadLetter),
       "What becomes of a record that cannot be read, or whose schema the registry does not have: "
       "dead_letter, null (a row of NULLs) or fail."},
      {"tombstones", &AvroKeys::tombstones, default_to(Tombstones::kDeadLetter),
       "What becomes of a message without a value: dead_letter (as on_malformed says), or skip (it "
       "counts as filtered)."},
  };
  return keys;
}

const OptionSet<DebeziumKeys>& debezium_keys() {
  static const OptionSet<DebeziumKeys> keys = {
      {"columns", &DebeziumKeys::columns, required(),
       "The columns of the table's row and their types: `name: TYPE`. The columns _op, _source_ts, "
       "_source_lsn, _source_table and _snapshot come behind them."},
      {"on_malformed", &DebeziumKeys::on_malformed, default_to(format::OnMalformed::kDeadLetter),
       "What becomes of a record that is no change of a row: dead_letter, null (a row of NULLs) or "
       "fail."},
      {"registry", &DebeziumKeys::registry, optional(),
       "For events in Avro: the schema registry that has their schemas, its options or the name of "
       "a connection of type schema_registry. Left out: the events are JSON."},
      {"timestamps", &DebeziumKeys::timestamps, default_to(format::DebeziumUnit::kMicros),
       "The unit of numbers in TIME and TIMESTAMP columns, where the event comes without its "
       "schema."},
      {"decimals", &DebeziumKeys::decimals, default_to(format::DebeziumDecimals::kPrecise),
       "What strings in DECIMAL columns are, where the event comes without its schema: precise "
       "(base64, the connectors' default; the scale is the column's) or string (text)."},
      {"framing", &DebeziumKeys::framing, default_to(Prefix::kNone),
       "schema_registry: each message begins with a zero byte and its schema's id; they are "
       "skipped."},
  };
  return keys;
}

const OptionSet<ParquetKeys>& parquet_keys() {
  static const OptionSet<ParquetKeys> keys = {};
  return keys;
}

const OptionSet<ExpectationKeys>& expectation_keys() {
  static const OptionSet<ExpectationKeys> keys = {
      {"check", &ExpectationKeys::check, required(),
       "SQL over the result's columns; a row keeps it only if it is TRUE (NULL breaks it)."},
      {"otherwise", &ExpectationKeys::otherwise, default_to(stream::Otherwise::kDeadLetter),
       "What becomes of a row that breaks it: dead_letter, drop, keep (it is only counted) or fail "
       "(the pipeline stops)."},
  };
  return keys;
}

const OptionSet<TriggerKeys>& trigger_keys() {
  static const OptionSet<TriggerKeys> keys = {
      {"every", &TriggerKeys::every, optional(), "An epoch at most each so often; 1s by default."},
      {"once", &TriggerKeys::once, optional(), "Runs until its source is drained, then stops."},
      {"cron", &TriggerKeys::cron, optional(), "At set times. Not supported yet."},
      {"after", &TriggerKeys::after, optional(), "Whenever one of these pipelines has committed."},
  };
  return keys;
}

const OptionSet<LimitKeys>& limit_keys() {
  static const OptionSet<LimitKeys> keys = {
      {"rows", &LimitKeys::rows, optional(), "Records that one epoch may read; 0: no limit."},
      {"bytes", &LimitKeys::bytes, optional(), "Bytes that one epoch may read; 0: no limit."},
  };
  return keys;
}

const OptionSet<TransformKeys>& transform_keys() {
  static const OptionSet<TransformKeys> keys = {
      {"file", &TransformKeys::file, required(),
       "A file that holds the SQL, relative to the folder of the pipeline's file, or else to the "
       "project's folder."},
  };
  return keys;
}

const OptionSet<TransformKeys>& schema_file_keys() {
  static const OptionSet<TransformKeys> keys = {
      {"file", &TransformKeys::file, required(),
       "A file that holds the schema, relative to the folder of the pipeline's file, or else to "
       "the project's folder."},
  };
  return keys;
}

}  // namespace lakeward::project
