// Rows as Avro records: the counterpart of avro_format.h.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/column_type.h"
#include "format/encoder.h"
#include "format/registration.h"

namespace lakeward::format {

struct AvroEncodingOptions : Registration {
  std::string schema;       // that records are written by; empty: made of the columns
  std::string record_name;  // full; empty: default_record_name(). Of a schema that is made
  bool is_bare = false;     // of one column: its value alone, unless `schema` is a record's
};

// Whether a column, or a part of a record's full name, may be called so.
bool is_avro_name(std::string_view name);

// Whether this is the schema of a record: InvalidArgument says why not.
Status check_avro_record(const std::string& schema);

// Whether this is a schema at all; records are check_avro_record()'s.
Status check_avro_schema(const std::string& schema);

// The schema of a record with these columns. Every field is a union of null and its type, with null
// as its default, so that later versions may leave it out. (In one that the encoding makes for
// keys, the columns are their types alone: a part of a key is never NULL.)
//   BOOLEAN; whole numbers up to 32 bits; BIGINT, UINTEGER   boolean; int; long
//   UBIGINT, HUGEINT, UHUGEINT, DECIMAL(p,s)   bytes as decimal
//   FLOAT, DOUBLE; VARCHAR, JSON, ENUM; BLOB   float, double; string; bytes
//   UUID; DATE; TIME                           string as uuid; int as date; long as time-micros
//   TIMESTAMP WITH TIME ZONE                   long as timestamp-micros
//   TIMESTAMP, _S, _MS; _NS                    long as local-timestamp-micros; -nanos
//   LIST, ARRAY; STRUCT; MAP with text as keys array; record; map
// Errors: InvalidArgument names a column that has no equal, or whose name is no Avro name; or the
// record's name, if it is none.
Result<std::string> avro_schema(const std::vector<engine::TypedColumn>& columns,
                                const std::string& record_name);

// With a schema, each column is the field of its name and type (avro/write_plan.h); a field without
// a column is its default, and NULL in a field that is no union with null is an error of encode().
// A key all of whose columns are NULL is a null payload. Its encoders write, with a registrar,
// Confluent's framing before each record. make_encoder() registers the schema, or looks it up; its
// errors are those of register_schema().
std::unique_ptr<Encoding> make_avro_encoding(AvroEncodingOptions options);

}  // namespace lakeward::format
