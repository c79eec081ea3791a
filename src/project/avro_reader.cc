// The options of `decode: avro`.
#include <fmt/format.h>

#include <utility>

#include "project/declared_keys.h"
#include "project/decode_reader.h"
#include "project/registry_reader.h"

namespace lakeward::project {
namespace {

using config::Problems;
using config::Value;

void read_subject(const Value& options, const AvroKeys& keys, const DecodeContext& context,
                  Decode& decode, Problems& problems) {
  AvroSettings& avro = decode.avro;
  avro.subject = keys.subject;
  avro.version = keys.version;
  const auto report = [&](const char* key, std::string message) {
    const Value* given = options.find(key);
    problems.push_back({given == nullptr ? options.location() : given->location(), message});
  };
  const bool needs_subject = decode.registry && decode.columns.empty() && !avro.reader_schema;
  if (avro.subject.empty() && needs_subject && !context.topic.empty()) {
    avro.subject = context.topic + "-value";
  }
  if (avro.subject.empty() && needs_subject) {
    report("avro",
           "nothing says what the columns are: 'avro' needs 'columns', 'schema' or 'subject'");
  } else if (!avro.subject.empty() && avro.reader_schema) {
    report("subject", "the reader's schema is either 'schema' or that of 'subject'");
  } else if (!avro.subject.empty() && !decode.registry) {
    report("subject", "'subject' needs a 'registry'");
  } else if (avro.subject.empty() && options.find("version") != nullptr) {
    report("version", "'version' is of a 'subject', and there is none");
  }
  const bool is_number = !avro.version.empty() && avro.version.size() < 10 &&
                         avro.version.find_first_not_of("0123456789") == std::string::npos &&
                         avro.version[0] != '0';
  if (!is_number && avro.version != "latest") {
    report("version", fmt::format("'version' must be a number or latest, not '{}'", avro.version));
  }
}

}  // namespace

void read_avro(const Value& options, const DecodeContext& context, Decode& decode,
               Problems& problems) {
  const size_t before = problems.size();
  const AvroKeys keys = avro_keys().parse(options, problems);
  if (problems.size() != before) return;
  decode.on_malformed = keys.on_malformed;
  decode.framing = format::Framing::kWhole;
  decode.skip_tombstones = keys.tombstones == Tombstones::kSkip;
  decode.registry = read_registry(keys.registry, context.connections, problems);
  decode.avro.writer_schema =
      read_schema("writer_schema", keys.writer_schema, context.read_file, problems);
  decode.avro.reader_schema = read_schema("schema", keys.schema, context.read_file, problems);
  if (!keys.columns.is_null()) read_columns(keys.columns, decode, problems);
  if (problems.size() != before) return;
  if (decode.registry.has_value() == decode.avro.writer_schema.has_value()) {
    problems.push_back({options.location(),
                        decode.registry
                            ? "'avro' takes either 'registry' or 'writer_schema': with a registry, "
                              "each record names its own schema"
                            : "'avro' needs 'registry' (records that name their schema), or "
                              "'writer_schema' (the one schema of all records)"});
    return;
  }
  read_subject(options, keys, context, decode, problems);
}

}  // namespace lakeward::project
