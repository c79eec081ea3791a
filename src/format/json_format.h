// JSON objects as rows: `decode: json`.
//
// A record is one object, strictly by RFC 8259: a malformed one is rejected even where the mistake
// is in a field that nobody asked for. Fields may come in any order; the order of the last record
// is expected first. Names are compared exactly. Undeclared fields are skipped, a missing field and
// null are NULL, a declared field that appears twice is a rejection. Values:
//   BOOLEAN            true, false
//   whole numbers      whole numbers in range, without point or exponent (3.0 is refused, as Spark
//                      does)
//   FLOAT, DOUBLE      numbers, the nearest value; too large is refused; also the texts "NaN",
//                      "Infinity", "-Infinity", as Spark writes them
//   VARCHAR            strings; of numbers, true and false their text, as Spark does; objects and
//                      arrays are refused
//   DATE               "yyyy-MM-dd"
//   TIMESTAMP [WITH TIME ZONE]   "yyyy-MM-dd'T'HH:mm:ss[.fraction][zone]", see temporal_text.h.
//                      TIMESTAMP with a zone is that moment in UTC, as DuckDB's cast has it
//   BLOB               base64, as Spark writes BINARY
//   all other types    see Format::decoded(): strings, and the text of numbers, true and false;
//   JSON
//                      text for lists, structs, maps and JSON
// Numbers are not taken for dates or timestamps, nor strings for numbers. Text is always UTF-8: a
// record that is not, or with half a surrogate pair, is rejected. Nesting beyond 1,024 levels too.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/status.h"
#include "engine/schema.h"
#include "format/decoder.h"
#include "format/schema_source.h"

namespace lakeward::format {

struct JsonOptions {
  engine::Schema columns;  // types in DuckDB's or Spark's words, see types.h
  OnMalformed on_malformed = OnMalformed::kDeadLetter;
  Framing framing = Framing::kLines;
  // Confluent's framing before each object: a zero byte and its schema's id. Only for records that
  // are whole messages.
  bool is_framed = false;
  bool skip_tombstones = false;  // records without a payload are skipped, not rejected
  // Where the ids of framed records are looked up: a record whose schema is unknown, or no JSON
  // Schema, is malformed. What the schema says is not looked at: the declared columns say what is
  // wanted. Null: any id will do.
  std::shared_ptr<SchemaSource> source = nullptr;
  Clock* clock = nullptr;  // see KnownSchemas; outlives the format
  // Whether the session's time zone is UTC. If not, timestamps without a zone are the engine's to
  // understand: TIMESTAMP WITH TIME ZONE columns are then decoded as text.
  bool utc = true;
};

// Errors: InvalidArgument, see declare_columns().
Result<std::unique_ptr<Format>> make_json_format(const JsonOptions& options);

}  // namespace lakeward::format
