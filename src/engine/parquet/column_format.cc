#include "engine/parquet/column_format.h"

namespace lakeward::engine::parquet {
namespace {

// Of the enum ConvertedType, for readers that do not know logical types.
enum Converted : int32_t {
  kUtf8 = 0,
  kDecimal = 5,
  kDate = 6,
  kTimestampMicros = 10,
  kInt8 = 15,
  kInt16 = 16
};
// Numbers of the fields of the union LogicalType.
enum Logical { kString = 1, kLogicalDecimal = 5, kLogicalDate = 6, kTimestamp = 8, kInteger = 10 };
constexpr int kMicroseconds = 2;  // of the union TimeUnit
constexpr int32_t kOptional = 1;

void begin_logical(ThriftWriter& out, int kind) {
  out.begin_struct(10);
  out.begin_struct(kind);
}

void end_logical(ThriftWriter& out) {
  out.end_struct();
  out.end_struct();
}

void write_integer(ThriftWriter& out, Converted converted, int8_t bits) {
  out.field(6, int32_t{converted});
  begin_logical(out, kInteger);
  out.field(1, bits);
  out.field(2, true);
  end_logical(out);
}

void write_timestamp(ThriftWriter& out, bool is_utc) {
  // The converted type says UTC; there is none for a time without a zone.
  if (is_utc) out.field(6, int32_t{kTimestampMicros});
  begin_logical(out, kTimestamp);
  out.field(1, is_utc);
  out.begin_struct(2);
  out.begin_struct(kMicroseconds);
  out.end_struct();
  out.end_struct();
  end_logical(out);
}

void write_decimal(ThriftWriter& out, const ColumnType& type) {
  out.field(6, int32_t{kDecimal});
  out.field(7, int32_t{type.scale});
  out.field(8, int32_t{type.width});
  begin_logical(out, kLogicalDecimal);
  out.field(1, int32_t{type.scale});
  out.field(2, int32_t{type.width});
  end_logical(out);
}

void write_plain_logical(ThriftWriter& out, Converted converted, Logical logical) {
  out.field(6, int32_t{converted});
  begin_logical(out, logical);
  end_logical(out);
}

}  // namespace

std::optional<Physical> physical_type(const ColumnType& type) {
  if (type.is_json) return std::nullopt;
  switch (type.id) {
    case DUCKDB_TYPE_BOOLEAN:
      return Physical::kBoolean;
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_DATE:
      return Physical::kInt32;
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return Physical::kInt64;
    case DUCKDB_TYPE_FLOAT:
      return Physical::kFloat;
    case DUCKDB_TYPE_DOUBLE:
      return Physical::kDouble;
    case DUCKDB_TYPE_VARCHAR:
    case DUCKDB_TYPE_BLOB:
      return Physical::kByteArray;
    case DUCKDB_TYPE_DECIMAL:
      if (type.width <= 9) return Physical::kInt32;
      if (type.width <= 18) return Physical::kInt64;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

void write_leaf(const std::string& name, const ColumnType& type, ThriftWriter& out) {
  out.field(1, static_cast<int32_t>(*physical_type(type)));
  out.field(3, kOptional);
  out.field(4, std::string_view(name));
  switch (type.id) {
    case DUCKDB_TYPE_TINYINT:
      return write_integer(out, kInt8, 8);
    case DUCKDB_TYPE_SMALLINT:
      return write_integer(out, kInt16, 16);
    case DUCKDB_TYPE_DATE:
      return write_plain_logical(out, kDate, kLogicalDate);
    case DUCKDB_TYPE_VARCHAR:
      return write_plain_logical(out, kUtf8, kString);
    case DUCKDB_TYPE_TIMESTAMP:
      return write_timestamp(out, false);
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return write_timestamp(out, true);
    case DUCKDB_TYPE_DECIMAL:
      return write_decimal(out, type);
    default:
      return;
  }
}

}  // namespace lakeward::engine::parquet
