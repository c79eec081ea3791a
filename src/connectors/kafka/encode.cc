#include "connectors/kafka/encode.h"

#include "format/avro_encoding.h"
#include "format/json_encoding.h"
#include "format/json_schema.h"

namespace lakeward::format {

std::vector<std::pair<std::string, SubjectStrategy>> option_choices(SubjectStrategy) {
  return {{"topic_name", SubjectStrategy::kTopicName},
          {"record_name", SubjectStrategy::kRecordName},
          {"topic_record_name", SubjectStrategy::kTopicRecordName}};
}

}  // namespace lakeward::format

namespace lakeward::connectors::kafka {

using config::default_to;
using config::Option;
using config::optional;
using config::Problems;
using config::required;
using config::Value;

namespace {

constexpr const char* kRegistryDoc =
    "The schema registry that gives the schema its id: its options, or the name of a connection "
    "of type schema_registry. Each payload begins with a zero byte and the id (Confluent's "
    "framing).";

Option<SchemaOptions> subject_option() {
  return {
      "subject", &SchemaOptions::subject, optional(),
      "The subject under which the schema is registered; left out: as `subject_strategy` says."};
}

Option<SchemaOptions> subject_strategy_option() {
  return {"subject_strategy", &SchemaOptions::subject_strategy,
          default_to(format::SubjectStrategy::kTopicName),
          "topic_name: TOPIC-value, of a key TOPIC-key. record_name: the record's full name, in "
          "JSON Schema the title. topic_record_name: TOPIC-RECORD."};
}

Option<SchemaOptions> auto_register_option() {
  return {"auto_register", &SchemaOptions::auto_register, default_to(true),
          "Whether a schema that the subject does not have becomes its next version. false: it "
          "must be there already."};
}

// That there is a schema's text, which is to be checked.
bool has_schema_text(const Value& schema, const char* kind, Problems& problems) {
  if (schema.is_null() || schema.is_unresolved()) return false;
  if (schema.is_scalar()) return true;
  problems.push_back({schema.location(), std::string("'schema' must be ") + kind +
                                             " as JSON text, or `{file: FILE}`"});
  return false;
}

void check_common(const SchemaOptions& options, const Value& value, Problems& problems) {
  if (const Value* strategy = value.find("subject_strategy");
      strategy != nullptr && !options.subject.empty()) {
    problems.push_back(
        {strategy->location(), "'subject_strategy' is of no use beside 'subject', which names it"});
  }
  const Value* name = value.find("record_name");
  if (name != nullptr && !options.schema.is_null()) {
    problems.push_back(
        {name->location(), "'record_name' is of no use with 'schema', which has the name"});
  }
}

SchemaOptions parse_avro(const Value& value, bool is_key, Problems& problems) {
  const size_t before = problems.size();
  SchemaOptions options = avro_encode_options().parse(value, problems);
  if (problems.size() != before) return options;
  const Value* name = value.find("record_name");
  if (name != nullptr && !name->is_unresolved()) {
    const Status sound = format::avro_schema({}, options.record_name).status();
    if (!sound.ok()) problems.push_back({name->location(), "'record_name': " + sound.message()});
  }
  if (has_schema_text(options.schema, "an Avro schema", problems)) {
    const std::string& text = options.schema.text();
    const Status sound = is_key ? format::check_avro_schema(text) : format::check_avro_record(text);
    if (!sound.ok())
      problems.push_back({options.schema.location(), "'schema': " + sound.message()});
  }
  check_common(options, value, problems);
  return options;
}

SchemaOptions parse_json(const Value& value, Problems& problems) {
  const size_t before = problems.size();
  SchemaOptions options = json_encode_options().parse(value, problems);
  if (problems.size() != before) return options;
  if (value.find("registry") == nullptr) {
    for (const Value::Entry& entry : value.map()) {
      problems.push_back({entry.key_location, "'" + entry.key + "' needs a 'registry'"});
    }
    return options;
  }
  if (has_schema_text(options.schema, "a JSON Schema", problems)) {
    const Status sound = format::read_json_schema(options.schema.text()).status();
    if (!sound.ok())
      problems.push_back({options.schema.location(), "'schema': " + sound.message()});
  }
  check_common(options, value, problems);
  return options;
}

struct Named {
  std::string format;
  Value details;
};

// `format`, or `{format: details}`; an empty name for anything else.
Named read_format(const Value& value) {
  if (value.is_scalar()) return {value.text(), Value::null_at(value.location())};
  if (value.is_map() && value.map().size() == 1) {
    return {value.map().front().key, value.map().front().value};
  }
  return {"", Value::null_at(value.location())};
}

void read_json(const Value& details, Encode& encode, Problems& problems) {
  encode.format = PayloadFormat::kJson;
  if (details.is_null() || details.is_unresolved()) return;
  if (details.is_map() && details.map().empty()) return;
  encode.by_schema = true;
  encode.schema = parse_json(details, problems);
}

void read_avro(const Value& details, bool is_key, Encode& encode, Problems& problems) {
  encode.format = PayloadFormat::kAvro;
  encode.by_schema = true;
  encode.schema = parse_avro(details, is_key, problems);
}

}  // namespace

const config::OptionSet<SchemaOptions>& avro_encode_options() {
  using T = SchemaOptions;
  static const config::OptionSet<T> options = {
      {"registry", &T::registry, required(), kRegistryDoc},
      {"schema", &T::schema, optional(),
       "The schema to write by, as JSON text or `{file: x.avsc}`: each column is the field of its "
       "name. Left out: it is made of the columns."},
      subject_option(),
      subject_strategy_option(),
      {"record_name", &T::record_name, optional(),
       "The record's name in the schema, with its namespace if it has one (shop.Order); left out: "
       "the topic's name, with '_' for what Avro does not allow, and of a key with _key behind "
       "it."},
      auto_register_option(),
  };
  return options;
}

const config::OptionSet<SchemaOptions>& json_encode_options() {
  using T = SchemaOptions;
  static const config::OptionSet<T> options = {
      {"registry", &T::registry, optional(),
       std::string(kRegistryDoc) + " Left out: plain JSON, without framing and schema."},
      {"schema", &T::schema, optional(),
       "The JSON Schema to write by, as JSON text or `{file: x.json}`: each column is the property "
       "of its name. Left out: it is made of the columns."},
      subject_option(),
      subject_strategy_option(),
      {"record_name", &T::record_name, optional(),
       "The title of the schema; left out: as in Avro."},
      auto_register_option(),
  };
  return options;
}

Encode parse_encode(const Value& value, Problems& problems) {
  Encode encode;
  if (value.is_null() || value.is_unresolved()) return encode;
  const Named named = read_format(value);
  if (named.format == "raw") {
    encode.format = PayloadFormat::kRaw;
    if (named.details.is_null() || named.details.is_unresolved()) return encode;
    if (named.details.is_scalar() && !named.details.text().empty()) {
      encode.column = named.details.text();
    } else {
      problems.push_back(
          {named.details.location(), "'raw' must name a column: encode: {raw: payload}"});
    }
  } else if (named.format == "avro") {
    read_avro(named.details, false, encode, problems);
  } else if (named.format == "json") {
    read_json(named.details, encode, problems);
  } else {
    problems.push_back({value.location(),
                        "'encode' must be json, {json: {registry: NAME}}, {avro: {registry: "
                        "NAME}}, or {raw: COLUMN}"});
  }
  return encode;
}

Encode parse_encode_key(const Value& value, Problems& problems) {
  Encode encode;
  encode.format = PayloadFormat::kRaw;
  if (value.is_null() || value.is_unresolved()) return encode;
  const Named named = read_format(value);
  if (named.format == "avro") {
    read_avro(named.details, true, encode, problems);
  } else if (named.format == "json") {
    read_json(named.details, encode, problems);
  } else if (named.format != "raw") {
    problems.push_back({value.location(),
                        "'encode_key' must be raw, json, {json: {registry: NAME}}, or {avro: "
                        "{registry: NAME}}"});
  } else if (!named.details.is_null()) {
    problems.push_back({named.details.location(), "'raw' names no column here: 'key' does"});
  }
  return encode;
}

Result<std::shared_ptr<const format::Encoding>> make_encoding(const Encode& encode,
                                                              const Encoded& what,
                                                              const OpenRegistrar& open) {
  const SchemaOptions& schema = encode.schema;
  format::Registration registration{.topic = what.topic,
                                    .is_key = what.is_key,
                                    .subject = schema.subject,
                                    .strategy = schema.subject_strategy,
                                    .auto_register = schema.auto_register,
                                    .registrar = nullptr};
  if (encode.by_schema && open) {
    ASSIGN_OR_RETURN(registration.registrar, open(schema.registry));
  }
  const std::string text = schema.schema.is_scalar() ? schema.schema.text() : "";
  std::unique_ptr<format::Encoding> encoding;
  if (encode.format == PayloadFormat::kAvro) {
    encoding = format::make_avro_encoding(
        {std::move(registration), text, schema.record_name, what.is_bare});
  } else if (encode.format == PayloadFormat::kRaw) {
    encoding = format::make_raw_encoding();
  } else {
    encoding = format::make_json_encoding(
        {std::move(registration), encode.by_schema, text, schema.record_name, what.is_bare});
  }
  return std::shared_ptr<const format::Encoding>(std::move(encoding));
}

}  // namespace lakeward::connectors::kafka
