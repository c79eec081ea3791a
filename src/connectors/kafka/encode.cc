#include "connectors/kafka/encode.h"

namespace lakeward::format {

std::vector<std::pair<std::string, SubjectStrategy>> option_choices(SubjectStrategy) {
  return {{"topic_name", SubjectStrategy::kTopicName},
          {"record_name", SubjectStrategy::kRecordName},
          {"topic_record_name", SubjectStrategy::kTopicRecordName}};
}

}  // namespace lakeward::format

namespace lakeward::connectors::kafka {

using config::default_to;
using config::optional;
using config::Problems;
using config::required;
using config::Value;

namespace {

AvroEncodeOptions parse_avro(const Value& value, Problems& problems) {
  const size_t before = problems.size();
  AvroEncodeOptions options = avro_encode_options().parse(value, problems);
  if (problems.size() != before) return options;
  if (const Value* strategy = value.find("subject_strategy");
      strategy != nullptr && !options.subject.empty()) {
    problems.push_back(
        {strategy->location(), "'subject_strategy' is of no use beside 'subject', which names it"});
  }
  if (const Value* name = value.find("record_name"); name != nullptr && !name->is_unresolved()) {
    const Status sound = format::avro_schema({}, options.record_name).status();
    if (!sound.ok()) problems.push_back({name->location(), "'record_name': " + sound.message()});
  }
  if (options.schema.is_null() || options.schema.is_unresolved()) return options;
  if (!options.schema.is_scalar()) {
    problems.push_back({options.schema.location(),
                        "'schema' must be an Avro schema as JSON text, or `{file: x.avsc}`"});
    return options;
  }
  const Status sound = format::check_avro_record(options.schema.text());
  if (!sound.ok()) problems.push_back({options.schema.location(), "'schema': " + sound.message()});
  if (const Value* name = value.find("record_name")) {
    problems.push_back(
        {name->location(), "'record_name' is of no use with 'schema', which has the name"});
  }
  return options;
}

void parse_raw(const Value& details, Encode& encode, Problems& problems) {
  if (details.is_null() || details.is_unresolved()) return;
  if (details.is_scalar() && !details.text().empty()) {
    encode.column = details.text();
  } else {
    problems.push_back({details.location(), "'raw' must name a column: encode: {raw: payload}"});
  }
}

}  // namespace

const config::OptionSet<AvroEncodeOptions>& avro_encode_options() {
  using T = AvroEncodeOptions;
  static const config::OptionSet<T> options = {
      {"registry", &T::registry, required(),
       "The schema registry that gives the schema its id: its options, or the name of a connection "
       "of type schema_registry. Each value begins with a zero byte and the id (Confluent's "
       "framing)."},
      {"schema", &T::schema, optional(),
       "The schema to write by, as JSON text or `{file: x.avsc}`: each column is the field of its "
       "name. Left out: it is made of the columns."},
      {"subject", &T::subject, optional(),
       "The subject under which the schema is registered; left out: as `subject_strategy` says."},
      {"subject_strategy", &T::subject_strategy, default_to(format::SubjectStrategy::kTopicName),
       "topic_name: TOPIC-value. record_name: the record's full name. topic_record_name: "
       "TOPIC-RECORD."},
      {"record_name", &T::record_name, optional(),
       "The record's name in the schema, with its namespace if it has one (shop.Order); left out: "
       "the topic's name, with '_' for what Avro does not allow."},
      {"auto_register", &T::auto_register, default_to(true),
       "Whether a schema that the subject does not have becomes its next version. false: it must "
       "be "
       "there already."},
  };
  return options;
}

Encode parse_encode(const Value& value, Problems& problems) {
  Encode encode;
  if (value.is_null() || value.is_unresolved()) return encode;
  std::string format;
  Value details = Value::null_at(value.location());
  if (value.is_scalar()) format = value.text();
  if (value.is_map() && value.map().size() == 1) {
    format = value.map().front().key;
    details = value.map().front().value;
  }
  if (format == "raw") {
    encode.format = PayloadFormat::kRaw;
    parse_raw(details, encode, problems);
  } else if (format == "avro") {
    encode.format = PayloadFormat::kAvro;
    encode.avro = parse_avro(details, problems);
  } else if (format != "json") {
    problems.push_back(
        {value.location(), "'encode' must be json, {avro: {registry: NAME}}, or {raw: COLUMN}"});
  } else if (!details.is_null() && !(details.is_map() && details.map().empty())) {
    problems.push_back({details.location(), "'json' has no options"});
  }
  return encode;
}

void check_value_columns(const Encode& encode, const config::Location& place,
                         const std::vector<std::string>& columns, Problems& problems) {
  if (encode.format != PayloadFormat::kAvro) return;
  for (const std::string& column : columns) {
    if (format::is_avro_name(column)) continue;
    problems.push_back({place, "the column '" + column +
                                   "' has no name that Avro allows (letters, digits and '_'); name "
                                   "it otherwise in the transform"});
  }
}

Result<std::shared_ptr<const format::Encoding>> make_encoding(
    const Encode& encode, const std::string& topic, const stream::Environment& environment) {
  std::unique_ptr<format::Encoding> encoding;
  if (encode.format == PayloadFormat::kAvro) {
    if (!environment.schema_registrar) return unsupported("there are no schema registries here");
    format::AvroEncodingOptions options;
    options.topic = topic;
    if (encode.avro.schema.is_scalar()) options.schema = encode.avro.schema.text();
    options.record_name = encode.avro.record_name;
    options.subject = encode.avro.subject;
    options.strategy = encode.avro.subject_strategy;
    options.auto_register = encode.avro.auto_register;
    ASSIGN_OR_RETURN(options.registrar, environment.schema_registrar(encode.avro.registry));
    encoding = format::make_avro_encoding(std::move(options));
  } else if (encode.format == PayloadFormat::kRaw) {
    encoding = format::make_raw_encoding();
  } else {
    encoding = format::make_json_encoding();
  }
  return std::shared_ptr<const format::Encoding>(std::move(encoding));
}

}  // namespace lakeward::connectors::kafka
