// A table's schema: Delta's JSON form, and how it maps to the engine's types.
//
// Delta protocol, "Schema Serialization Format".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/schema.h"

namespace lakeward::delta {

struct Field;

struct DataType {
  enum class Kind { kPrimitive, kArray, kMap, kStruct };
  Kind kind = Kind::kPrimitive;
  std::string primitive;      // "long", "decimal(10,2)", …; empty if nested
  std::vector<Field> fields;  // array: element; map: key, value; struct: its fields
  bool operator==(const DataType&) const;
};

struct Field {
  std::string name;
  DataType type;
  bool nullable = true;         // of an array's element: containsNull; of a map's value likewise
  std::string metadata = "{}";  // a JSON object
  bool operator==(const Field&) const = default;
};

using TableSchema = std::vector<Field>;

// An empty text is a table without columns. Errors: Corruption (not a schema; `place` names the
// table), Unsupported (an unknown type, by name).
Result<TableSchema> parse_schema(std::string_view json, std::string_view place);
std::string print_schema(const TableSchema& schema);

// The type as Delta's users write it, for messages: "array<struct<a:long>>".
std::string type_name(const DataType& type);

// The engine's type that holds exactly the type's values, for example "TIMESTAMP WITH TIME ZONE".
std::string engine_type(const DataType& type);
engine::Schema engine_schema(const TableSchema& schema);

// The Delta type that holds every value of an engine type (DuckDB's text). Types without an equal
// are widened: UTINYINT is short, UBIGINT decimal(20,0), UUID, ENUM, TIME and JSON string,
// TIMESTAMP_NS timestamp_ntz, … Errors: Unsupported, naming the type (INTERVAL, UNION, BIT, NULL,
// …).
Result<DataType> delta_type(std::string_view engine_type);

// The schema of a new table for a query's columns. Errors: as delta_type, naming the column;
// InvalidArgument for names that differ only in case.
Result<TableSchema> delta_schema(const engine::Schema& columns);

// A text that is equal for names that are equal but for ASCII case.
std::string lower_name(std::string_view name);

// The field of that name, case-insensitively, or nullptr.
const Field* find_field(const TableSchema& schema, std::string_view name);

// Whether all readers of Delta can name the columns. Errors: InvalidArgument for a name, nested
// ones too, with one of the characters that Parquet columns must not have without column mapping:
// " ,;{}()\n\t=" (as Apache Spark checks it).
Status check_column_names(const TableSchema& schema);

// How a query's columns become the table's.
struct WritePlan {
  // A SELECT list over the query: the table's columns in order, cast where their types differ; NULL
  // for columns that the query does not have. Not-null columns are checked row by row.
  std::string select_list;
  TableSchema schema;    // the table's, with the added columns if it evolved
  bool evolved = false;  // `schema` must be committed with the data
};

// Errors: InvalidArgument (a column too many without `evolve`, types that do not fit, a missing
// column that is not nullable), naming columns and the mend; Unsupported types by name.
Result<WritePlan> plan_write(const engine::Schema& query, const TableSchema& table, bool evolve,
                             std::string_view table_name);

}  // namespace lakeward::delta
