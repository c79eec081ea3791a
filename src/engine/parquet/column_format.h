// How Parquet stores the values of a column. Parquet format, "Types" and LogicalTypes.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/column_type.h"
#include "engine/parquet/thrift.h"

namespace lakeward::engine::parquet {

// Numbers of the enum Type in parquet.thrift.
enum class Physical : int32_t {
  kBoolean = 0,
  kInt32 = 1,
  kInt64 = 2,
  kFloat = 4,
  kDouble = 5,
  kByteArray = 6,
};

// Of the enum Encoding.
enum class Encoding : int32_t { kPlain = 0, kRle = 3, kRleDictionary = 8 };

// nullopt for types that are left to DuckDB's writer: nested ones, decimals of more than 18 digits,
// times of day, intervals, UUIDs and whatever Delta has not.
std::optional<Physical> physical_type(const ColumnType& type);

// The column as an optional leaf: a SchemaElement (parquet.thrift), which the caller has begun.
void write_leaf(const std::string& name, const ColumnType& type, ThriftWriter& out);

}  // namespace lakeward::engine::parquet
