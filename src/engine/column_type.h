// The type of a column as a tree, for code that walks its vectors.
#pragma once

#include <duckdb.h>

#include <string>
#include <vector>

#include "base/status.h"
#include "engine/schema.h"

namespace lakeward::engine {

class Session;
struct TypedColumn;

struct ColumnType {
  duckdb_type id = DUCKDB_TYPE_INVALID;
  // How the values of a DECIMAL or ENUM are stored; otherwise `id`.
  duckdb_type stored = DUCKDB_TYPE_INVALID;
  int width = 0;  // of a DECIMAL
  int scale = 0;
  size_t array_size = 0;
  bool is_json = false;              // a VARCHAR whose text is JSON
  std::vector<std::string> symbols;  // of an ENUM
  // The fields of a STRUCT; a LIST's or ARRAY's element (one, without a name); a MAP's "key" and
  // "value".
  std::vector<TypedColumn> children;

  static ColumnType of(duckdb_logical_type type);
  bool operator==(const ColumnType& other) const;
};

struct TypedColumn {
  std::string name;
  ColumnType type;
  bool operator==(const TypedColumn&) const = default;
};

// The types behind the texts that Session::describe() gives.
Result<std::vector<TypedColumn>> resolve_types(Session& session, const Schema& schema);

}  // namespace lakeward::engine
