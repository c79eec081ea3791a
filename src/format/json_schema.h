// JSON Schema (draft 7) of what the JSON encoding writes, as schema registries keep it.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "engine/column_type.h"
#include "format/json_encoder.h"

namespace lakeward::format {

// The schema of objects with these columns, in the words of Confluent's JsonSchemaConverter, so
// that its readers get the columns' types and order (`connect.type`, `connect.index`):
//   BOOLEAN                               boolean
//   whole numbers up to 64 bits           integer, int8 … int64
//   UBIGINT, HUGEINT, UHUGEINT, DECIMAL   number, Connect's Decimal
//   FLOAT, DOUBLE                         number, float32 and float64
//   VARCHAR, ENUM, TIME, TIMESTAMP, _S, _MS, _NS, INTERVAL   string
//   DATE; TIMESTAMP WITH TIME ZONE; UUID  string of format date; date-time; uuid
//   BLOB                                  string in base64, bytes
//   LIST, ARRAY; STRUCT; MAP              array; object; object, map
//   JSON                                  anything
// No other member is allowed, so that a column can be added as a version that reads what was
// written before. Every value may be null, and every member left out; but the columns of a key
// are there and not null.
std::string json_schema(const std::vector<engine::TypedColumn>& columns, const std::string& title,
                        bool is_key);
// The schema of a key that is this column's value alone.
std::string bare_json_schema(const engine::TypedColumn& column);

// A schema of the user's.
struct GivenJsonSchema {
  bool is_object = false;  // it says so
  std::string title;
};
// Errors: InvalidArgument: it is no JSON, or no schema.
Result<GivenJsonSchema> read_json_schema(const std::string& schema);

// How columns are written as the members of an object by a schema that is read_json_schema()'s.
// NULL of a member that may not be null is left out, or refused if the member is required. Values
// are checked by their types alone, inside of objects and arrays too; what is behind a `$ref` out
// of the schema, or said in other words (`if`, `patternProperties`, …), is not. Errors:
// InvalidArgument names a column that has no member or is of another type, or a required member
// that is no column.
Result<std::vector<JsonNull>> plan_json_write(const std::string& schema,
                                              const std::vector<engine::TypedColumn>& columns);
// That a schema takes this column's value.
Status check_json_write(const std::string& schema, const engine::TypedColumn& column);

}  // namespace lakeward::format
