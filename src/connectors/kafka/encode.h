// What `encode` of a sink may say: how a row becomes a record's value.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "config/options.h"
#include "engine/schema.h"
#include "format/avro_encoding.h"
#include "format/encoder.h"
#include "stream/registry.h"

namespace lakeward::format {
std::vector<std::pair<std::string, SubjectStrategy>> option_choices(SubjectStrategy);
}  // namespace lakeward::format

namespace lakeward::connectors::kafka {

struct AvroEncodeOptions {
  config::Value registry;  // its options: a connection's name is resolved by then
  config::Value schema;    // JSON text: a file's text is put there by then
  std::string subject;
  format::SubjectStrategy subject_strategy = format::SubjectStrategy::kTopicName;
  std::string record_name;
  bool auto_register = true;
};
const config::OptionSet<AvroEncodeOptions>& avro_encode_options();

enum class PayloadFormat { kJson, kRaw, kAvro };
struct Encode {
  PayloadFormat format = PayloadFormat::kJson;
  std::string column;      // of kRaw; empty: the only one that has no other use
  AvroEncodeOptions avro;  // of kAvro
};
// json | raw | {json: {}} | {raw: COLUMN} | {avro: {…}}
Encode parse_encode(const config::Value& value, config::Problems& problems);

// Adds the columns that cannot be in a value of this format, by their names alone.
void check_value_columns(const Encode& encode, const config::Location& place,
                         const std::vector<std::string>& columns, config::Problems& problems);

// The encoding of a topic's values. Errors: those of Environment::schema_registrar.
Result<std::shared_ptr<const format::Encoding>> make_encoding(
    const Encode& encode, const std::string& topic, const stream::Environment& environment);

}  // namespace lakeward::connectors::kafka
