// How a query's columns become the table's.
#include <cstdio>
#include <string_view>

#include "delta/schema.h"
#include "engine/sql_text.h"

namespace lakeward::delta {
namespace {

struct Decimal {
  int precision = 0;
  int scale = 0;
};

// A number type as the decimal that holds its whole part; 0 precision if it is none.
Decimal as_decimal(const std::string& type) {
  if (type == "byte") return {3, 0};
  if (type == "short") return {5, 0};
  if (type == "integer") return {10, 0};
  if (type == "long") return {19, 0};
  Decimal decimal;
  if (std::sscanf(type.c_str(), "decimal(%d,%d)", &decimal.precision, &decimal.scale) != 2)
    return {};
  return decimal;
}

int integer_rank(const std::string& type) {
  if (type == "byte") return 1;
  if (type == "short") return 2;
  if (type == "integer") return 3;
  if (type == "long") return 4;
  return 0;
}

// Whether every value of `from` is a value of `to`, so that a cast loses nothing.
bool widens(const std::string& from, const std::string& to) {
  if (from == to) return true;
  const int from_rank = integer_rank(from);
  const int to_rank = integer_rank(to);
  if (from_rank > 0 && to_rank > 0) return from_rank <= to_rank;
  if (to == "double") return from == "float" || (from_rank > 0 && from_rank <= 3);
  if (to == "float") return from_rank > 0 && from_rank <= 2;
  const Decimal target = as_decimal(to);
  const Decimal source = as_decimal(from);
  if (to_rank > 0 || target.precision == 0 || source.precision == 0) return false;
  return target.scale >= source.scale &&
         target.precision - target.scale >= source.precision - source.scale;
}

bool fits(const DataType& from, const DataType& to) {
  if (from.kind != to.kind) return false;
  switch (from.kind) {
    case DataType::Kind::kPrimitive:
      return widens(from.primitive, to.primitive);
    case DataType::Kind::kArray:
      return fits(from.fields[0].type, to.fields[0].type);
    case DataType::Kind::kMap:
      return fits(from.fields[0].type, to.fields[0].type) &&
             fits(from.fields[1].type, to.fields[1].type);
    case DataType::Kind::kStruct:
      break;
  }
  for (const Field& field : from.fields) {
    const Field* target = find_field(to.fields, field.name);
    if (target == nullptr || !fits(field.type, target->type)) return false;
  }
  for (const Field& field : to.fields) {
    if (find_field(from.fields, field.name) == nullptr && !field.nullable) return false;
  }
  return true;
}

bool has_inner_not_null(const DataType& type) {
  for (size_t i = 0; i < type.fields.size(); ++i) {
    const bool is_key = type.kind == DataType::Kind::kMap && i == 0;
    if (!is_key && !type.fields[i].nullable) return true;
    if (has_inner_not_null(type.fields[i].type)) return true;
  }
  return false;
}

std::string mismatch_help(const Field& column, const std::string& type) {
  std::string help =
      "cast it in the SQL: CAST(" + engine::quote_identifier(column.name) + " AS " + type + ")";
  if (type == "TIMESTAMP WITH TIME ZONE") help += ", which reads a TIMESTAMP as UTC";
  return help;
}

// The query's value of a table column, of exactly the column's type.
Result<std::string> value_of(const Field& field, const engine::Column& column,
                             std::string_view table_name) {
  const std::string type = engine_type(field.type);
  const std::string value = engine::quote_identifier(column.name);
  if (column.type == type) return value;
  const std::string cast = "CAST(" + value + " AS " + type + ")";
  if (column.type == "NULL" || column.type == "\"NULL\"") return cast;
  const auto from = delta_type(column.type);
  if (!from.ok()) return from.status().with_context("column '" + column.name + "'");
  if (fits(*from, field.type)) return cast;
  return invalid_argument("column '" + column.name + "' is " + column.type + ", but in " +
                          std::string(table_name) + " it is " + type_name(field.type) + ": " +
                          mismatch_help(field, type));
}

std::string not_null(const std::string& value, const Field& field, std::string_view table_name) {
  const std::string message = "column '" + field.name + "' of " + std::string(table_name) +
                              " is declared not null, but the query gives NULL for it";
  return "CASE WHEN (" + value + ") IS NULL THEN error(" + engine::quote_literal(message) +
         ") ELSE " + value + " END";
}

const engine::Column* find_column(const engine::Schema& columns, std::string_view name) {
  const std::string wanted = lower_name(name);
  for (const engine::Column& column : columns) {
    if (lower_name(column.name) == wanted) return &column;
  }
  return nullptr;
}

Result<std::string> plan_column(const Field& field, const engine::Schema& query,
                                std::string_view table_name) {
  const std::string place = "column '" + field.name + "' of " + std::string(table_name);
  if (has_inner_not_null(field.type)) {
    return unsupported(place +
                       " has a part that is declared not null, which Lakeward cannot check yet");
  }
  const engine::Column* column = find_column(query, field.name);
  if (column == nullptr) {
    if (!field.nullable) {
      return invalid_argument(place + " is declared not null, but the query has no such column");
    }
    return "CAST(NULL AS " + engine_type(field.type) + ")";
  }
  ASSIGN_OR_RETURN(const std::string value, value_of(field, *column, table_name));
  return field.nullable ? value : not_null(value, field, table_name);
}

}  // namespace

Status check_column_names(const TableSchema& schema) {
  for (const Field& field : schema) {
    if (field.name.empty() || field.name.find_first_of(" ,;{}()\n\t=") != std::string::npos) {
      return invalid_argument(
          "a Delta table cannot have a column named '" + field.name +
          "': give it a name without blanks and ,;{}()= in the SQL, for example "
          "AS my_column");
    }
    RETURN_IF_ERROR(check_column_names(field.type.fields));
  }
  return ok_status();
}

Result<WritePlan> plan_write(const engine::Schema& query, const TableSchema& table, bool evolve,
                             std::string_view table_name) {
  WritePlan plan;
  plan.schema = table;
  std::string extra;
  engine::Schema added;
  for (const engine::Column& column : query) {
    if (find_field(table, column.name) != nullptr) continue;
    added.push_back(column);
    extra += (extra.empty() ? "'" : ", '") + column.name + "'";
  }
  if (!added.empty() && !evolve) {
    return invalid_argument(
        std::string(table_name) + " has no column " + extra +
        ": add it to the table with `evolve_schema: true`, or leave it out of the "
        "query");
  }
  ASSIGN_OR_RETURN(const TableSchema fields, delta_schema(added));
  RETURN_IF_ERROR(check_column_names(fields));
  plan.evolved = !fields.empty();
  plan.schema.insert(plan.schema.end(), fields.begin(), fields.end());
  for (const Field& field : plan.schema) {
    if (field.type.primitive == "void") continue;  // never in the files
    ASSIGN_OR_RETURN(const std::string value, plan_column(field, query, table_name));
    plan.select_list += (plan.select_list.empty() ? "" : ", ") + value + " AS " +
                        engine::quote_identifier(field.name);
  }
  return plan;
}

}  // namespace lakeward::delta
