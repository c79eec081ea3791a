// Debezium's change events as rows: `decode: debezium`.
//
// A record is an envelope in JSON, as Kafka Connect's JsonConverter writes it, with or without its
// schema; or, with a schema source, in Avro behind Confluent's framing, as its AvroConverter does.
// A row is the state of the table's row behind the change, or of a deleted row what was there
// before, of which, unless the table's replica identity is full, only the key is true. The declared
// columns are fields of the row as JsonFormat has them, and besides:
//   DATE, TIME, TIMESTAMP   also numbers: days, and times in the unit that the event's schema
//   names,
//                           or else that the options do
//   DECIMAL                 also base64 of the unscaled number, by the schema's scale or else the
//                           column's
//   lists, structs, maps, JSON   also a string that holds their JSON text (`jsonb`)
// Behind them come kEnvelopeColumns. A record without a value (the tombstone that follows a
// deletion) is skipped. An event that is none of a row (a truncation, a message, a heartbeat) is
// rejected.
//
// In Avro, columns hold what they do in AvroFormat; the types that are Kafka Connect's and
// Debezium's are known by their `connect.name`. A string in a column of a list, struct, map or JSON
// is its JSON text here too.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/status.h"
#include "engine/schema.h"
#include "format/decoder.h"
#include "format/schema_source.h"

namespace lakeward::format {

enum class DebeziumUnit { kMillis, kMicros, kNanos };
enum class DebeziumDecimals {
  kPrecise,  // base64 of the unscaled number: the connectors' default
  kString,   // text
};

struct DebeziumOptions {
  engine::Schema columns;
  OnMalformed on_malformed = OnMalformed::kDeadLetter;
  // Of numbers in TIME and TIMESTAMP columns, and of strings in DECIMAL columns, if the event comes
  // without its schema.
  DebeziumUnit unit = DebeziumUnit::kMicros;
  DebeziumDecimals decimals = DebeziumDecimals::kPrecise;
  bool is_framed = false;  // Confluent's framing before the JSON text
  // Not null: the events are in Avro, and what is said of JSON above does not apply.
  std::shared_ptr<SchemaSource> source = nullptr;
  Clock* clock = nullptr;  // see AvroOptions
  bool utc = true;         // see JsonOptions
};

// _op VARCHAR: c (insert), u (update), d (delete), r (read by a snapshot)
// _source_ts TIMESTAMP WITH TIME ZONE: when the database committed the change
// _source_lsn BIGINT: the position in the database's log, where the connector has one (`lsn`,
//     `pos`, `scn`, `change_lsn` is text and not one)
// _source_table VARCHAR: "schema.table", or "database.table" where there are no schemas
// _snapshot BOOLEAN: whether a snapshot read the row
const engine::Schema& envelope_columns();

// Errors: InvalidArgument, see declare_columns(); or a column that has the name of one of the
// envelope's.
Result<std::unique_ptr<Format>> make_debezium_format(const DebeziumOptions& options);
// Of options with a source, which make_debezium_format() has checked.
Result<std::unique_ptr<Format>> make_debezium_avro_format(const DebeziumOptions& options);

}  // namespace lakeward::format
