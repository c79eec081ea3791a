// How columns are written as the fields of a record's schema.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/column_type.h"
#include "format/avro/schema.h"

namespace lakeward::format::avro {

struct WriteField;

// How the values of a column are written as a type of the schema.
struct WriteNode {
  int null_branch = -1;            // of the union; -1: NULL cannot be written
  int value_branch = -1;           // of the union; -1: it is none
  int64_t divisor = 1;             // of a count of microseconds that is written in a larger unit
  bool widens = false;             // a FLOAT as a double
  std::string name;                // of the column, with its path: "place.zip"
  std::vector<WriteNode> items;    // of a list or map: how its values are written
  std::vector<WriteField> fields;  // of a record
};

struct WriteField {
  std::optional<size_t> column;  // of the row or struct; nullopt: the default is written
  std::string default_bytes;
  WriteNode node;
};

// The fields of a record, in the schema's order. Errors: InvalidArgument: the schema is no record,
// a column is no field of it or of another type, or a field has neither a column nor a default.
Result<std::vector<WriteField>> plan_write(const Schema& schema,
                                           const std::vector<engine::TypedColumn>& columns);

}  // namespace lakeward::format::avro
