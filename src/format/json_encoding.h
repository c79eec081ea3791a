// Rows as JSON objects: the counterpart of json_format.h.
#pragma once

#include <memory>
#include <string>

#include "format/encoder.h"
#include "format/registration.h"

namespace lakeward::format {

struct JsonEncodingOptions : Registration {
  bool has_schema = false;  // else nothing of the rest is used but is_key
  std::string schema;       // JSON Schema that objects are written by; empty: made of the columns
  std::string record_name;  // the title of a schema that is made; empty: default_record_name()
  bool is_bare = false;     // of one column: its value alone, unless `schema` is an object's
};

// One JSON object a row, with all columns in their order; NULL is null.
//
// Whole numbers and DECIMALs are written exactly, DOUBLEs by their shortest text that reads back
// the same; NaN and the infinities, which JSON does not have, as "NaN", "Infinity" and "-Infinity".
// Dates and times are ISO 8601, TIMESTAMP WITH TIME ZONE in UTC with a Z, INTERVALs ISO 8601
// durations, BLOBs base64, UUIDs and ENUMs text. LISTs and ARRAYs are arrays, STRUCTs objects, MAPs
// objects whose names are the keys' text; a column of type JSON is put in as it is. A key all of
// whose columns are NULL is a null payload.
//
// With a schema, make_encoder() registers it, or looks it up, and encoders write Confluent's
// framing before each text; errors are those of register_schema(). NaN and the infinities are then
// errors of encode(), as the schema calls the column a number. A schema that is given decides what
// NULL becomes (json_schema.h).
std::unique_ptr<Encoding> make_json_encoding(JsonEncodingOptions options = {});

}  // namespace lakeward::format
