// Column types as users write them.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace lakeward::format {

// The DuckDB text of a type that is written in DuckDB's or in Apache Spark's words:
//   string, text -> VARCHAR          long -> BIGINT           byte -> TINYINT     binary -> BLOB
//   decimal(10,2) -> DECIMAL(10,2)   timestamp_ntz -> TIMESTAMP
//   array<string> -> VARCHAR[]       map<string,int> -> MAP(VARCHAR, INTEGER)
//   struct<a:int,b:string> -> STRUCT("a" INTEGER, "b" VARCHAR)
// Case does not matter. The one name that both have with different meanings, TIMESTAMP, is DuckDB's
// (no time zone); Spark's is TIMESTAMPTZ or timestamp_ltz. Normalizing a result again changes
// nothing. Errors: InvalidArgument, which names the unknown word and the nearest known.
Result<std::string> normalize_type(std::string_view text);

}  // namespace lakeward::format
