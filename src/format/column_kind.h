// How a declared type is decoded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/schema.h"

namespace lakeward::format {

enum class ColumnKind : uint8_t {
  // Decoded natively.
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
  kDate,
  kTimestamp,
  kTimestampTz,
  kBlob,
  // VARCHAR, which the input view casts.
  kScalarText,  // DECIMAL, UUID, HUGEINT, TIME, INTERVAL, …: a scalar's text
  kListText,    // lists and arrays: JSON text that begins with [
  kObjectText,  // structs and maps: JSON text that begins with {
  kJsonText,    // JSON: the text of any value
};

struct DeclaredColumns {
  engine::Schema declared;  // with normalized types
  engine::Schema decoded;
  std::vector<ColumnKind> kinds;
};

// Normalizes the types of `columns` and says how each is decoded. Unless `utc`, text without a zone
// cannot be read as TIMESTAMP WITH TIME ZONE here: such columns are kScalarText.
// Errors: InvalidArgument: no columns, an empty or repeated name (case does not count, as in SQL),
// an unknown type.
Result<DeclaredColumns> declare_columns(const engine::Schema& columns, bool utc);

}  // namespace lakeward::format
