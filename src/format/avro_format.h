// Avro records as rows: `decode: avro`.
//
// A record is one value of an Avro record type in the binary encoding (Apache Avro specification
// 1.12), strictly: what is malformed anywhere is rejected, and so is what follows the value. With a
// schema source, it begins with Confluent's framing: a zero byte and the id of its schema, four
// bytes, big-endian. A record whose schema does not exist is rejected; that the source cannot be
// asked is a failure of the whole call (Unavailable), so that nothing is lost.
//
// What the writer's schema has is resolved against the reader's schema if there is one (defaults,
// aliases, promotions, enums, unions: avro/plan.h). Without one, a column is the writer's field of
// exactly its name, NULL where there is none. Values of columns:
//   BOOLEAN            booleans
//   whole numbers      int and long, in range
//   FLOAT, DOUBLE      float (and double), int and long
//   VARCHAR            string, enum, bytes that are UTF-8; of other scalars their text
//   BLOB               bytes, fixed, string
//   DATE               int; a string yyyy-MM-dd
//   TIME               time-millis, time-micros
//   TIMESTAMP [WITH TIME ZONE]   timestamp-* and local-timestamp-*, nanoseconds cut off; a string
//   as
//                      JSON has it
//   DECIMAL            decimal, int and long, a string of digits: values that it holds exactly
//   UUID               fixed of 16 bytes; a string
//   INTERVAL           duration
//   lists, structs, maps, JSON   arrays, records, maps, anything: as JSON text that the input view
//                      casts (Format::decoded())
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "engine/schema.h"
#include "format/decoder.h"
#include "format/schema_source.h"

namespace lakeward::format {

struct AvroOptions {
  // Exactly one of the two: framed records, or records of one schema without framing.
  std::shared_ptr<SchemaSource> source;
  std::optional<std::string> writer_schema;
  std::optional<std::string> reader_schema;
  std::vector<std::string> reader_references;  // see RegisteredSchema
  // Types in DuckDB's or Spark's words. Empty: those of the reader's schema, or else of
  // writer_schema.
  engine::Schema columns;
  OnMalformed on_malformed = OnMalformed::kDeadLetter;
  bool skip_tombstones = false;  // records without a payload are skipped, not rejected
  bool utc = true;               // see JsonOptions
  Clock* clock = nullptr;  // outlives the format; a schema that did not exist is asked for again
                           // after a minute. Without it, it never is.
};

// Errors: InvalidArgument: schemas that are none, columns that the schema does not have or that
// cannot hold its values, or nothing that says what the columns are.
Result<std::unique_ptr<Format>> make_avro_format(const AvroOptions& options);

// The columns of a reader's schema, as the format has them if none are declared.
Result<engine::Schema> avro_columns(const std::string& schema);

}  // namespace lakeward::format
