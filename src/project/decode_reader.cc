#include "project/decode_reader.h"

#include <fmt/format.h>

#include <set>

#include "base/suggest.h"
#include "connectors/schema_registry/client.h"
#include "format/avro_format.h"
#include "format/csv_format.h"
#include "format/json_format.h"
#include "format/raw_format.h"
#include "format/types.h"
#include "project/declared_keys.h"
#include "project/registry_reader.h"

namespace lakeward::project {
namespace {

using config::Problems;
using config::Value;

const std::vector<std::string> kFormats = {"json", "avro", "debezium", "csv", "parquet", "raw"};

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

format::Framing framing_of(Records records) {
  switch (records) {
    case Records::kLines:
      return format::Framing::kLines;
    case Records::kArray:
      return format::Framing::kJsonArray;
    case Records::kWhole:
      return format::Framing::kWhole;
  }
  return format::Framing::kLines;
}

// The one character that an option must be; "\t" may be written with two.
char character(const Value& options, const char* name, const std::string& text,
               Problems& problems) {
  if (text == "\\t") return '\t';
  if (text.size() == 1 && text[0] != '\n' && text[0] != '\r') return text[0];
  const Value* given = options.find(name);
  problems.push_back({given != nullptr ? given->location() : options.location(),
                      fmt::format("'{}' must be one (ASCII) character, not '{}'", name, text)});
  return ',';
}

void read_json(const Value& options, const DecodeContext& context, Decode& decode,
               Problems& problems) {
  const size_t before = problems.size();
  const JsonKeys keys = json_keys().parse(options, problems);
  decode.on_malformed = keys.on_malformed;
  decode.framing = framing_of(keys.records);
  decode.skip_tombstones = keys.tombstones == Tombstones::kSkip;
  decode.registry = read_registry(keys.registry, context.connections, problems);
  // Who names a registry has records that name their schemas.
  decode.is_framed = keys.framing == Prefix::kSchemaRegistry || decode.registry;
  if (const Value* given = options.find("framing");
      given != nullptr && decode.registry && keys.framing == Prefix::kNone) {
    problems.push_back({given->location(), "'registry' needs 'framing: schema_registry'"});
  }
  if (options.find("columns") != nullptr &&
      (problems.size() == before || !keys.columns.is_null())) {
    read_columns(keys.columns, decode, problems);
  }
}

void read_debezium(const Value& options, const DecodeContext& context, Decode& decode,
                   Problems& problems) {
  const DebeziumKeys keys = debezium_keys().parse(options, problems);
  decode.on_malformed = keys.on_malformed;
  decode.is_framed = keys.framing == Prefix::kSchemaRegistry;
  decode.timestamps = keys.timestamps;
  decode.decimals = keys.decimals;
  decode.registry = read_registry(keys.registry, context.connections, problems);
  if (options.find("registry") != nullptr) {
    decode.framing = format::Framing::kWhole;
    for (const char* key : {"timestamps", "decimals", "framing"}) {
      if (const Value* given = options.find(key)) {
        problems.push_back({given->location(),
                            fmt::format("'{}' is of events in JSON; with 'registry', each event "
                                        "is Avro, and its schema says it",
                                        key)});
      }
    }
  }
  if (options.find("columns") != nullptr) read_columns(keys.columns, decode, problems);
}

void read_csv(const Value& options, Decode& decode, Problems& problems) {
  const CsvKeys keys = csv_keys().parse(options, problems);
  decode.on_malformed = keys.on_malformed;
  decode.framing = format::Framing::kCsv;
  decode.csv.header = keys.header;
  decode.csv.delimiter = character(options, "delimiter", keys.delimiter, problems);
  decode.csv.quote = character(options, "quote", keys.quote, problems);
  decode.csv.null_text = keys.null_text;
  if (decode.csv.delimiter == decode.csv.quote) {
    problems.push_back({options.location(), "'delimiter' and 'quote' must differ"});
  }
  if (options.find("columns") != nullptr) read_columns(keys.columns, decode, problems);
}

void read_raw(const Value& options, Decode& decode, Problems& problems) {
  const RawKeys keys = raw_keys().parse(options, problems);
  const Result<std::string> known = format::normalize_type(keys.type);
  const std::string type = known.ok() ? *known : "";
  decode.raw_bytes = type == "BLOB";
  if (const Value* given = options.find("type");
      given != nullptr && !given->is_unresolved() && type != "VARCHAR" && type != "BLOB") {
    problems.push_back(
        {given->location(), fmt::format("'type' of raw records is VARCHAR (text) or BLOB (any "
                                        "bytes), not '{}'; cast 'value' in the transform",
                                        keys.type)});
  }
  decode.on_malformed = keys.on_malformed;
  decode.framing =
      keys.records == RawRecords::kLines ? format::Framing::kLines : format::Framing::kWhole;
}

// Null if the block names no registry.
std::shared_ptr<format::SchemaSource> source_of(const Decode& decode) {
  if (!decode.registry) return nullptr;
  return std::make_shared<connectors::schema_registry::Client>(*decode.registry);
}

}  // namespace

void read_columns(const Value& value, Decode& decode, Problems& problems) {
  if (value.is_unresolved()) return;
  if (!value.is_map() || value.map().empty()) {
    problems.push_back(
        {value.location(), fmt::format("'columns' must be a map of names to types "
                                       "(`device_id: VARCHAR`), not {}",
                                       value.is_map() ? "an empty one" : value.kind_name())});
    return;
  }
  std::set<std::string> names;
  for (const Value::Entry& entry : value.map()) {
    if (!names.insert(lower(entry.key)).second) {
      problems.push_back({entry.key_location,
                          fmt::format("the column '{}' is here twice: SQL does not tell upper from "
                                      "lower case",
                                      entry.key)});
      continue;
    }
    if (entry.key.empty()) {
      problems.push_back({entry.key_location, "a column needs a name"});
      continue;
    }
    if (!entry.value.is_scalar()) {
      problems.push_back(
          {entry.value.location(), fmt::format("the type of column '{}' must be text "
                                               "such as VARCHAR, not {}",
                                               entry.key, entry.value.kind_name())});
      continue;
    }
    if (entry.value.is_unresolved()) continue;
    const auto type = format::normalize_type(entry.value.text());
    if (!type.ok()) {
      problems.push_back({entry.value.location(),
                          fmt::format("column '{}': {}", entry.key, type.status().message())});
      continue;
    }
    decode.columns.push_back({entry.key, *type});
    decode.column_locations.push_back(entry.key_location);
  }
}

std::optional<Decode> read_decode(const Value& value, const DecodeContext& context,
                                  Problems& problems) {
  if (value.is_unresolved()) return std::nullopt;
  Decode decode;
  decode.location = value.location();
  Value options = Value::null_at(value.location());
  if (value.is_scalar()) {
    decode.format = value.text();
  } else if (value.is_map() && value.map().size() == 1) {
    const Value::Entry& entry = value.map().front();
    decode.format = entry.key;
    decode.location = entry.key_location;
    options = entry.value.is_null() ? Value::null_at(entry.key_location) : entry.value;
  } else {
    problems.push_back({value.location(),
                        "'decode' must be one of json, avro, debezium, csv, parquet, raw, with "
                        "its options: `decode: {json: {columns: {…}}}`"});
    return std::nullopt;
  }
  const size_t before = problems.size();
  if (decode.format == "json") {
    read_json(options, context, decode, problems);
  } else if (decode.format == "avro") {
    read_avro(options, context, decode, problems);
  } else if (decode.format == "debezium") {
    read_debezium(options, context, decode, problems);
  } else if (decode.format == "csv") {
    read_csv(options, decode, problems);
  } else if (decode.format == "raw") {
    read_raw(options, decode, problems);
  } else if (decode.format == "parquet") {
    parquet_keys().parse(options, problems);
  } else {
    problems.push_back({decode.location, fmt::format("unknown format '{}'{}", decode.format,
                                                     suggestion(decode.format, kFormats))});
  }
  if (problems.size() != before) return std::nullopt;
  // Its schema is known later.
  if (!decode.avro.subject.empty()) return decode;
  if (const auto format = make_format(decode, /*utc=*/true); !format.ok()) {
    problems.push_back({decode.location, format.status().message()});
    return std::nullopt;
  } else if (decode.format == "avro" || decode.format == "debezium") {
    decode.columns = (*format)->declared();
  }
  return decode;
}

Result<std::unique_ptr<format::Format>> make_format(const Decode& decode, bool utc, Clock* clock) {
  if (decode.format == "json") {
    return format::make_json_format({.columns = decode.columns,
                                     .on_malformed = decode.on_malformed,
                                     .framing = decode.framing,
                                     .is_framed = decode.is_framed,
                                     .skip_tombstones = decode.skip_tombstones,
                                     .source = source_of(decode),
                                     .clock = clock,
                                     .utc = utc});
  }
  if (decode.format == "debezium") {
    engine::Schema columns = decode.columns;
    // Those that the envelope adds were put there when the block was read.
    std::erase_if(columns, [](const engine::Column& column) {
      const engine::Schema& own = format::envelope_columns();
      return std::find(own.begin(), own.end(), column) != own.end();
    });
    return format::make_debezium_format({.columns = std::move(columns),
                                         .on_malformed = decode.on_malformed,
                                         .unit = decode.timestamps,
                                         .decimals = decode.decimals,
                                         .is_framed = decode.is_framed,
                                         .source = source_of(decode),
                                         .clock = clock,
                                         .utc = utc});
  }
  if (decode.format == "avro") {
    if (!decode.avro.unresolved.empty()) return unavailable(decode.avro.unresolved);
    format::AvroOptions options;
    options.source = source_of(decode);
    options.writer_schema = decode.avro.writer_schema;
    options.reader_schema = decode.avro.reader_schema;
    options.reader_references = decode.avro.reader_references;
    options.columns = decode.columns;
    options.on_malformed = decode.on_malformed;
    options.skip_tombstones = decode.skip_tombstones;
    options.utc = utc;
    options.clock = clock;
    return format::make_avro_format(options);
  }
  if (decode.format == "csv") {
    return format::make_csv_format({.columns = decode.columns,
                                    .on_malformed = decode.on_malformed,
                                    .header = decode.csv.header,
                                    .delimiter = decode.csv.delimiter,
                                    .quote = decode.csv.quote,
                                    .null_text = decode.csv.null_text,
                                    .utc = utc});
  }
  if (decode.format == "raw") {
    return format::make_raw_format({.framing = decode.framing,
                                    .on_malformed = decode.on_malformed,
                                    .bytes = decode.raw_bytes});
  }
  if (decode.format == "parquet") return std::unique_ptr<format::Format>();
  return unsupported("the format '" + decode.format + "' is not supported yet");
}

}  // namespace lakeward::project
