#include "engine/column_type.h"

#include <utility>

#include "engine/session.h"
#include "engine/sql_text.h"

namespace lakeward::engine {
namespace {

// Takes the logical type over.
TypedColumn child_of(std::string name, duckdb_logical_type type) {
  TypedColumn child{std::move(name), ColumnType::of(type)};
  duckdb_destroy_logical_type(&type);
  return child;
}

void add_fields(duckdb_logical_type type, ColumnType& tree) {
  const idx_t count = duckdb_struct_type_child_count(type);
  for (idx_t i = 0; i < count; ++i) {
    char* name = duckdb_struct_type_child_name(type, i);
    tree.children.push_back(child_of(name, duckdb_struct_type_child_type(type, i)));
    duckdb_free(name);
  }
}

void add_symbols(duckdb_logical_type type, ColumnType& tree) {
  const uint32_t count = duckdb_enum_dictionary_size(type);
  for (uint32_t i = 0; i < count; ++i) {
    char* symbol = duckdb_enum_dictionary_value(type, i);
    tree.symbols.emplace_back(symbol);
    duckdb_free(symbol);
  }
}

}  // namespace

ColumnType ColumnType::of(duckdb_logical_type type) {
  ColumnType tree;
  tree.id = tree.stored = duckdb_get_type_id(type);
  if (char* alias = duckdb_logical_type_get_alias(type)) {
    tree.is_json = tree.id == DUCKDB_TYPE_VARCHAR && std::string(alias) == "JSON";
    duckdb_free(alias);
  }
  switch (tree.id) {
    case DUCKDB_TYPE_DECIMAL:
      tree.stored = duckdb_decimal_internal_type(type);
      tree.width = duckdb_decimal_width(type);
      tree.scale = duckdb_decimal_scale(type);
      break;
    case DUCKDB_TYPE_ENUM:
      tree.stored = duckdb_enum_internal_type(type);
      add_symbols(type, tree);
      break;
    case DUCKDB_TYPE_LIST:
      tree.children.push_back(child_of("", duckdb_list_type_child_type(type)));
      break;
    case DUCKDB_TYPE_ARRAY:
      tree.array_size = duckdb_array_type_array_size(type);
      tree.children.push_back(child_of("", duckdb_array_type_child_type(type)));
      break;
    case DUCKDB_TYPE_STRUCT:
      add_fields(type, tree);
      break;
    case DUCKDB_TYPE_MAP:
      tree.children.push_back(child_of("key", duckdb_map_type_key_type(type)));
      tree.children.push_back(child_of("value", duckdb_map_type_value_type(type)));
      break;
    default:
      break;
  }
  return tree;
}

bool ColumnType::operator==(const ColumnType& other) const {
  return id == other.id && stored == other.stored && width == other.width && scale == other.scale &&
         array_size == other.array_size && is_json == other.is_json && symbols == other.symbols &&
         children == other.children;
}

Result<std::vector<TypedColumn>> resolve_types(Session& session, const Schema& schema) {
  std::string sql;
  for (const Column& column : schema) {
    sql += (sql.empty() ? "SELECT NULL::" : ", NULL::") + column.type + " AS " +
           quote_identifier(column.name);
  }
  if (sql.empty()) return std::vector<TypedColumn>();
  ASSIGN_OR_RETURN(const auto result, session.stream(sql + " LIMIT 0"));
  return result->types();
}

}  // namespace lakeward::engine
