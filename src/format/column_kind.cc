#include "format/column_kind.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "format/types.h"

namespace lakeward::format {
namespace {

constexpr std::pair<std::string_view, ColumnKind> kNative[] = {
    {"BOOLEAN", ColumnKind::kBoolean},
    {"TINYINT", ColumnKind::kTinyint},
    {"SMALLINT", ColumnKind::kSmallint},
    {"INTEGER", ColumnKind::kInteger},
    {"BIGINT", ColumnKind::kBigint},
    {"UTINYINT", ColumnKind::kUtinyint},
    {"USMALLINT", ColumnKind::kUsmallint},
    {"UINTEGER", ColumnKind::kUinteger},
    {"UBIGINT", ColumnKind::kUbigint},
    {"FLOAT", ColumnKind::kFloat},
    {"DOUBLE", ColumnKind::kDouble},
    {"VARCHAR", ColumnKind::kVarchar},
    {"DATE", ColumnKind::kDate},
    {"TIMESTAMP", ColumnKind::kTimestamp},
    {"TIMESTAMP WITH TIME ZONE", ColumnKind::kTimestampTz},
    {"BLOB", ColumnKind::kBlob},
    {"JSON", ColumnKind::kJsonText},
};

ColumnKind kind_of(std::string_view type) {
  for (const auto& [name, kind] : kNative) {
    if (name == type) return kind;
  }
  if (type.ends_with(']')) return ColumnKind::kListText;
  if (type.starts_with("STRUCT(") || type.starts_with("MAP(")) return ColumnKind::kObjectText;
  return ColumnKind::kScalarText;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

Result<DeclaredColumns> declare_columns(const engine::Schema& columns, bool utc) {
  if (columns.empty()) return invalid_argument("no columns are declared");
  DeclaredColumns result;
  std::set<std::string> names;
  for (const engine::Column& column : columns) {
    if (column.name.empty()) return invalid_argument("a declared column has no name");
    if (!names.insert(lower(column.name)).second) {
      return invalid_argument("column '" + column.name +
                              "' is declared twice (case does not count)");
    }
    Result<std::string> type = normalize_type(column.type);
    if (!type.ok()) return type.status().with_context("column '" + column.name + "'");
    ColumnKind kind = kind_of(*type);
    if (kind == ColumnKind::kTimestampTz && !utc) kind = ColumnKind::kScalarText;
    result.declared.push_back({column.name, *type});
    result.decoded.push_back({column.name, kind >= ColumnKind::kScalarText ? "VARCHAR" : *type});
    result.kinds.push_back(kind);
  }
  return result;
}

}  // namespace lakeward::format
