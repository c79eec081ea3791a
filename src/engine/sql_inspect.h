// What a SQL text says, read from DuckDB's own syntax tree; nothing is run.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/schema.h"
#include "engine/session.h"

namespace lakeward::engine {

// Why DuckDB refuses a text, and where in it.
struct SqlError {
  std::string message;  // without the excerpt of the text, e.g. "syntax error at or near \"FORM\""
  int line = 0;         // of the text, from 1; 0: unknown
  int column = 0;       // in bytes, from 1; 0: unknown
  // Of a column that no table of the query has, or a name that does not exist: that name, and the
  // names that DuckDB offers in its place.
  bool is_missing_column = false;
  std::string name;
  std::vector<std::string> candidates;
};

struct SqlInspection {
  std::optional<SqlError> error;  // a syntax error; nothing else is set then
  // The text is exactly one SELECT (or WITH, FROM, VALUES, a set operation); nothing below is set
  // otherwise.
  bool is_select = false;
  // Tables that it names anywhere, as it names them ("input", "silver.readings"), each once, in
  // order of appearance. Names of common table expressions are not tables.
  std::vector<std::string> tables;
  // Functions in its FROM clauses ("read_csv", "range"), each once.
  std::vector<std::string> table_functions;
  // One row of `input` makes at most one row of the result, whatever the other rows are: a SELECT
  // from `input` alone, without aggregate, window, DISTINCT, ORDER BY, LIMIT, UNNEST, subquery,
  // sample or set operation.
  bool is_row_wise = false;
  bool has_where = false;  // on its outermost SELECT
};

// Reads `sql`. Errors: only those of the engine itself; a wrong text is SqlInspection::error.
Result<SqlInspection> inspect(Session& session, const std::string& sql);

// The columns that a SELECT would return, or why it cannot run: `text` is bound, not executed. It
// may end as a statement does.
struct SqlCheck {
  Schema schema;
  std::optional<SqlError> error;
};
Result<SqlCheck> check_select(Session& session, const std::string& text);

// `sql`, a row-wise SELECT, with `expression AS alias` as its last column. The expression may use
// the columns of `input`. Errors: InvalidArgument if either is not what it should be.
Result<std::string> add_column_to_select(Session& session, const std::string& sql,
                                         const std::string& expression, const std::string& alias);

enum class Comparison {
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kIsNull,
  kIsNotNull,
};

// column COMPARISON literal, which every row of `table` must satisfy to have an effect on the
// query's result.
struct ColumnPredicate {
  std::string table;   // as the query names it: "silver.readings"
  std::string column;  // as the query writes it; it may be no column of the table but an alias
  Comparison comparison = Comparison::kEqual;
  // The literal as DuckDB casts it to text ("5", "2026-01-01", "2026-01-01 00:00:00+00"; in the
  // session's time zone) and its own type. The comparison that DuckDB does may cast the column: a
  // VARCHAR column compared with an INTEGER literal is compared as a number.
  std::string literal;
  std::string literal_type;
};

// The conjuncts of the outermost WHERE that compare a column of a table with a constant, for tables
// that occur once in the whole query, in the outermost FROM. An unqualified column counts only if
// there is no other table. Reading only rows that satisfy them changes nothing in the result.
// Errors: InvalidArgument if `sql` is not one SELECT.
Result<std::vector<ColumnPredicate>> extract_predicates(Session& session, const std::string& sql);

}  // namespace lakeward::engine
