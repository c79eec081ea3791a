// What `encode` and `encode_key` of a sink may say: how a row becomes a record's value and key.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "config/options.h"
#include "format/encoder.h"
#include "format/registration.h"

namespace lakeward::format {
std::vector<std::pair<std::string, SubjectStrategy>> option_choices(SubjectStrategy);
}  // namespace lakeward::format

namespace lakeward::connectors::kafka {

// Of `avro: {…}` and `json: {…}`.
struct SchemaOptions {
  config::Value registry;  // its options: a connection's name is resolved by then
  config::Value schema;    // JSON text: a file's text is put there by then
  std::string subject;
  format::SubjectStrategy subject_strategy = format::SubjectStrategy::kTopicName;
  std::string record_name;
  bool auto_register = true;
};
const config::OptionSet<SchemaOptions>& avro_encode_options();
const config::OptionSet<SchemaOptions>& json_encode_options();

enum class PayloadFormat { kJson, kRaw, kAvro };
struct Encode {
  PayloadFormat format = PayloadFormat::kJson;
  std::string column;      // of kRaw; empty: the only one that has no other use
  bool by_schema = false;  // of kJson: `schema` says how; kAvro always has one
  SchemaOptions schema;
};
// json | raw | {json: {…}} | {raw: COLUMN} | {avro: {…}}
Encode parse_encode(const config::Value& value, config::Problems& problems);
// json | raw | {json: {…}} | {avro: {…}}; raw if nothing is said.
Encode parse_encode_key(const config::Value& value, config::Problems& problems);

// What is written so.
struct Encoded {
  std::string topic;
  bool is_key = false;
  bool is_bare = false;  // the value of one column, not a record or an object of several
};

// stream::Environment::schema_registrar.
using OpenRegistrar =
    std::function<Result<std::shared_ptr<format::SchemaRegistrar>>(const config::Value& registry)>;

// With an empty `open`, an encoding that can only check(). Errors: those of `open`.
Result<std::shared_ptr<const format::Encoding>> make_encoding(const Encode& encode,
                                                              const Encoded& what,
                                                              const OpenRegistrar& open);

}  // namespace lakeward::connectors::kafka
