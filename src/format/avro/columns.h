// The columns that Avro records are decoded into.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/schema.h"
#include "format/avro/schema.h"

namespace lakeward::format::avro {

// What a column's vector holds.
enum class Target : uint8_t {
  kBoolean,
  kTinyint,
  kSmallint,
  kInteger,
  kBigint,
  kUtinyint,
  kUsmallint,
  kUinteger,
  kUbigint,
  kFloat,
  kDouble,
  kVarchar,
  kBlob,
  kDate,
  kTime,
  kTimestamp,
  kTimestampTz,
  kDecimal,
  kUuid,
  kInterval,
  // VARCHAR, which the input view casts.
  kListText,    // JSON text of an array
  kStructText,  // JSON text of a record
  kMapText,     // JSON text of a map
  kJsonText,    // JSON text of any value
  kScalarText,  // the text of a scalar
};

struct TargetColumn {
  Target target = Target::kVarchar;
  int precision = 0;  // of kDecimal
  int scale = 0;
  std::string name;
  std::string type;     // declared
  std::string decoded;  // the type of the vector
  bool utc = true;      // of kTimestampTz: text without a zone is UTC
};

// Errors: InvalidArgument, see declare_columns().
Result<std::vector<TargetColumn>> target_columns(const engine::Schema& columns, bool utc);

// The columns of a record's fields: the type that holds every value of the field.
//   boolean, int, long, float, double  BOOLEAN, INTEGER, BIGINT, FLOAT, DOUBLE
//   string, enum, uuid                 VARCHAR
//   bytes, fixed                       BLOB
//   date, time-*                       DATE, TIME
//   timestamp-*, local-timestamp-*     TIMESTAMP WITH TIME ZONE, TIMESTAMP
//   decimal                            DECIMAL(precision, scale); VARCHAR beyond 38 digits
//   duration                           INTERVAL
//   inside of the following, bytes     VARCHAR: base64
//   array, map, record                 T[], MAP(VARCHAR, T), STRUCT(…)
//   null and T                         T
//   other unions, recursive types      JSON
// Errors: InvalidArgument: the schema is no record.
Result<engine::Schema> derive_columns(const Schema& schema);

}  // namespace lakeward::format::avro
