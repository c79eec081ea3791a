// What of a sink's options says how a row becomes a record; the Kafka and the Event Hubs sink have
// the same.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "config/options.h"
#include "connectors/kafka/encode.h"
#include "engine/column_type.h"
#include "format/encoder.h"

namespace lakeward::connectors::kafka {

struct RecordOptions {
  config::Value encode;      // see parse_encode()
  config::Value key;         // see parse_key()
  config::Value encode_key;  // see parse_encode_key()
  config::Value headers;     // see parse_headers()
  std::string partition;
  std::vector<std::string> exclude;
};

// Adds what is wrong with options that parsed; `block` is what they were parsed from.
void check_record_options(const RecordOptions& options, const config::Value& block,
                          config::Problems& problems);
// Adds the columns that the options name and the rows do not have, and those that cannot be
// written as they say. `columns`: others that the sink's options name, by option.
void check_record_columns(const RecordOptions& options, const std::string& topic,
                          const std::vector<std::pair<std::string, std::string>>& others,
                          const config::Value& block, const std::vector<engine::TypedColumn>& rows,
                          config::Problems& problems);

// The key's columns. A column alone is the key itself; a list, of one or more, a record of them.
struct Key {
  std::vector<std::string> columns;  // empty: there is no key
  bool is_list = false;
};
// COLUMN | [COLUMN, …]
Key parse_key(const config::Value& value, config::Problems& problems);

// Where a record's headers come from: a column that holds them all, and then one for each.
struct Headers {
  std::string column;
  std::vector<std::pair<std::string, std::string>> columns;  // header → column
  bool empty() const { return column.empty() && columns.empty(); }
};
// COLUMN | {"*": COLUMN, HEADER: COLUMN, …}
Headers parse_headers(const config::Value& value, config::Problems& problems);

// Names of columns that a raw value is none of, as they have another use.
std::vector<std::string> columns_of_other_use(const RecordOptions& options);

struct Encodings {
  std::shared_ptr<const format::Encoding> value;
  std::shared_ptr<const format::Encoding> key;  // null without one
};
// Whether a column can be what `partition`, `timestamp` or `headers` (for all of them) names.
// Errors: InvalidArgument, with the mend.
Status check_use(const std::string& option, const engine::TypedColumn& column);
// That `encode: raw` without a column finds one: these are of no other use.
Status check_only_value(const std::vector<std::string>& columns);
// Of checked options. Errors: those of make_encoding().
Result<Encodings> make_encodings(const RecordOptions& options, const std::string& topic,
                                 const OpenRegistrar& open);

namespace internal {

template <typename T, typename M>
constexpr M T::*record_member(M RecordOptions::*member) {
  return member;
}

}  // namespace internal

// The options of RecordOptions, as options of a struct that inherits it.
template <typename T>
config::Option<T> encode_option() {
  return {
      "encode", internal::record_member<T>(&RecordOptions::encode), config::optional(),
      "How a row becomes a record's value: json (the default: an object of all columns), {json: "
      "{registry: NAME}} (the same, its JSON Schema in a schema registry), {avro: {registry: "
      "NAME}} (a record of all columns, its schema in a schema registry), or raw: COLUMN (that "
      "column's text or bytes as they are; NULL is a record without a value)."};
}
template <typename T>
config::Option<T> key_option() {
  return {
      "key", internal::record_member<T>(&RecordOptions::key), config::optional(),
      "The column that is the record's key, or a list of columns that make it up as "
      "`encode_key` says. Its bytes decide the partition, as in Kafka's own clients. NULL (of a "
      "list: in all columns) is a record without a key."};
}
template <typename T>
config::Option<T> encode_key_option() {
  return {"encode_key", internal::record_member<T>(&RecordOptions::encode_key), config::optional(),
          "How `key` is written: raw (the default: the column's text or bytes; a list, struct or "
          "map as JSON text), json, {json: "
          "{registry: NAME}}, or {avro: {registry: NAME}}. A column alone is its value; a list of "
          "columns is an object or record of them. The options are those of `encode`."};
}
template <typename T>
config::Option<T> headers_option() {
  return {"headers", internal::record_member<T>(&RecordOptions::headers), config::optional(),
          "The record's headers (an event's properties): {HEADER: COLUMN, …}, where NULL is no "
          "header, and a list, struct or map is JSON text; or one column that holds them all, as a "
          "MAP or as a JSON object (such as "
          "'_headers' of input, in which {\"base64\": \"…\"} is bytes); or both: "
          "{\"*\": COLUMN, HEADER: COLUMN, …}."};
}
template <typename T>
config::Option<T> partition_option() {
  return {"partition", internal::record_member<T>(&RecordOptions::partition), config::optional(),
          "The column with the number of the partition; NULL leaves it to the key."};
}
template <typename T>
config::Option<T> exclude_option() {
  return {"exclude", internal::record_member<T>(&RecordOptions::exclude), config::optional(),
          "Columns that are not part of the JSON or Avro value."};
}

}  // namespace lakeward::connectors::kafka
