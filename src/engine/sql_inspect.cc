#include "engine/sql_inspect.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "engine/sql_ast.h"
#include "engine/sql_text.h"

namespace lakeward::engine {
namespace {

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

void add_once(std::vector<std::string>& names, std::string name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
}

// Line and column of the byte `position`.
void locate(SqlError& error, std::string_view sql, size_t position) {
  position = std::min(position, sql.size());
  const std::string_view before = sql.substr(0, position);
  error.line = 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  const size_t line_end = before.rfind('\n');
  error.column =
      1 + static_cast<int>(position - (line_end == std::string_view::npos ? 0 : line_end + 1));
}

// `position` is text in DuckDB's errors; `shift` bytes of the statement precede the user's text.
void locate(SqlError& error, std::string_view sql, const std::string& position, size_t shift) {
  size_t number = 0;
  const char* last = position.data() + position.size();
  if (position.empty() || std::from_chars(position.data(), last, number).ptr != last) return;
  if (number >= shift) locate(error, sql, number - shift);
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

// Walks a tree and notes the tables and table functions that it names.
class NameCollector {
 public:
  explicit NameCollector(SqlInspection& inspection) : inspection_(inspection) {}

  void walk(const SqlAst& node, const std::set<std::string>& outer_scope) {
    if (node.is_array()) {
      for (const SqlAst& item : node) walk(item, outer_scope);
    }
    if (!node.is_object()) return;
    std::set<std::string> scope = outer_scope;
    if (const auto ctes = node.find("cte_map"); ctes != node.end()) {
      for (const SqlAst& cte : ctes->value("map", SqlAst::array())) {
        std::set<std::string> inner = scope;
        // A recursive one sees itself; SQL cannot say WITH RECURSIVE of the tree's other parts.
        const SqlAst& query = cte["value"]["query"];
        if (ast_text(query["node"], "type") == "RECURSIVE_CTE_NODE") {
          inner.insert(lower(ast_text(cte, "key")));
        }
        walk(query, inner);
        scope.insert(lower(ast_text(cte, "key")));
      }
    }
    const std::string type = ast_text(node, "type");
    if (type == "BASE_TABLE" && node.contains("table_name")) note_table(node, scope);
    if (type == "TABLE_FUNCTION" && node.contains("function")) {
      add_once(inspection_.table_functions, ast_text(node["function"], "function_name"));
    }
    for (const auto& [member, child] : node.items()) {
      if (member != "cte_map") walk(child, scope);
    }
  }

 private:
  void note_table(const SqlAst& node, const std::set<std::string>& scope) {
    const std::string schema = ast_text(node, "schema_name");
    const std::string catalog = ast_text(node, "catalog_name");
    std::string name = ast_text(node, "table_name");
    if (schema.empty() && catalog.empty() && scope.contains(lower(name))) return;
    if (!schema.empty()) name = schema + "." + name;
    if (!catalog.empty()) name = catalog + "." + name;
    add_once(inspection_.tables, std::move(name));
  }

  SqlInspection& inspection_;
};

// Decides whether an expression looks at one row only.
class RowWiseJudge {
 public:
  explicit RowWiseJudge(Session& session) : session_(session) {}

  Result<bool> judge_select(const SqlAst& node) {
    if (ast_text(node, "type") != "SELECT_NODE") return false;
    const SqlAst& from = node["from_table"];
    const bool plain_input =
        ast_text(from, "type") == "BASE_TABLE" && lower(ast_text(from, "table_name")) == "input" &&
        ast_text(from, "schema_name").empty() && ast_text(from, "catalog_name").empty() &&
        from["sample"].is_null() && from["at_clause"].is_null();
    const bool plain_select = node["modifiers"].empty() && node["cte_map"]["map"].empty() &&
                              node["group_expressions"].empty() && node["group_sets"].empty() &&
                              ast_text(node, "aggregate_handling") == "STANDARD_HANDLING" &&
                              node["having"].is_null() && node["sample"].is_null() &&
                              node["qualify"].is_null();
    if (!plain_input || !plain_select) return false;
    ASSIGN_OR_RETURN(const bool columns, judge(node["select_list"]));
    if (!columns) return false;
    return judge(node["where_clause"]);
  }

 private:
  Result<bool> judge(const SqlAst& node) {
    if (node.is_object()) {
      const std::string kind = ast_text(node, "class");
      if (kind == "SUBQUERY" || kind == "WINDOW") return false;
      if (kind == "FUNCTION") {
        ASSIGN_OR_RETURN(const bool scalar, is_scalar(ast_text(node, "function_name")));
        if (!scalar) return false;
      }
    }
    if (node.is_object() || node.is_array()) {
      for (const SqlAst& child : node) {
        ASSIGN_OR_RETURN(const bool row_wise, judge(child));
        if (!row_wise) return false;
      }
    }
    return true;
  }

  // Whether a call of the function makes one value of one row. An unknown function is taken for
  // one: binding will refuse it.
  Result<bool> is_scalar(const std::string& written) {
    const std::string name = lower(written);
    if (name == "unnest" || name == "unlist") return false;
    if (const auto known = scalar_.find(name); known != scalar_.end()) return known->second;
    scalar_[name] = true;  // a macro that names itself
    ASSIGN_OR_RETURN(const Rows rows,
                     session_.query("SELECT DISTINCT function_type, macro_definition FROM "
                                    "duckdb_functions() WHERE lower(function_name) = " +
                                    quote_literal(name)));
    bool scalar = true;
    for (size_t i = 0; i < rows.size() && scalar; ++i) {
      if (rows.text(i, 0) == "aggregate") scalar = false;
      if (rows.text(i, 0) == "macro") {
        ASSIGN_OR_RETURN(const SqlAst body, parse_sql(session_, "SELECT " + rows.text(i, 1)));
        ASSIGN_OR_RETURN(scalar, judge(body));
      }
    }
    scalar_[name] = scalar;
    return scalar;
  }

  Session& session_;
  std::map<std::string, bool> scalar_;
};

// DuckDB's error as JSON follows its type: "Binder Error: {…}".
SqlError read_error(const std::string& message, std::string_view sql, size_t shift) {
  SqlError error;
  const size_t begin = message.find('{');
  const SqlAst details =
      begin == std::string::npos ? SqlAst() : SqlAst::parse(message.substr(begin), nullptr, false);
  if (!details.is_object() || ast_text(details, "exception_message").empty()) {
    error.message = message;
    return error;
  }
  error.message = ast_text(details, "exception_message");
  error.is_missing_column = ast_text(details, "error_subtype") == "COLUMN_NOT_FOUND";
  error.name = ast_text(details, "name");
  error.candidates = split(ast_text(details, "candidates"), ',');
  locate(error, sql, ast_text(details, "position"), shift);
  return error;
}

}  // namespace

Result<SqlInspection> inspect(Session& session, const std::string& sql) {
  ASSIGN_OR_RETURN(SqlAst tree, parse_sql(session, sql));
  SqlInspection inspection;
  if (tree.value("error", false)) {
    if (ast_text(tree, "error_type") == "not implemented") return inspection;  // no SELECT
    SqlError error;
    error.message = ast_text(tree, "error_message");
    locate(error, sql, ast_text(tree, "position"), 0);
    inspection.error = std::move(error);
    return inspection;
  }
  if (tree["statements"].size() != 1) return inspection;
  inspection.is_select = true;
  NameCollector(inspection).walk(tree, {});
  const SqlAst& node = select_node(tree);
  const auto where = node.find("where_clause");
  inspection.has_where = where != node.end() && !where->is_null();
  ASSIGN_OR_RETURN(inspection.is_row_wise, RowWiseJudge(session).judge_select(node));
  return inspection;
}

Result<SqlCheck> check_select(Session& session, const std::string& text) {
  const std::string sql = strip_statement_end(text);
  static constexpr std::string_view kBefore = "SELECT column_name, column_type FROM (DESCRIBE ";
  RETURN_IF_ERROR(session.execute("SET errors_as_json = true"));
  const auto rows = session.query(std::string(kBefore) + sql + "\n)");
  RETURN_IF_ERROR(session.execute("RESET errors_as_json"));
  SqlCheck check;
  if (!rows.ok()) {
    if (rows.status().code() != StatusCode::kInvalidArgument) return rows.status();
    check.error = read_error(rows.status().message(), sql, kBefore.size());
    return check;
  }
  for (size_t i = 0; i < rows->size(); ++i) {
    check.schema.push_back({rows->text(i, 0), rows->text(i, 1)});
  }
  return check;
}

Result<std::string> add_column_to_select(Session& session, const std::string& sql,
                                         const std::string& expression, const std::string& alias) {
  ASSIGN_OR_RETURN(SqlAst tree, parse_one_select(session, sql));
  ASSIGN_OR_RETURN(const bool row_wise, RowWiseJudge(session).judge_select(select_node(tree)));
  if (!row_wise) return invalid_argument("not a row-wise SELECT: " + sql);
  ASSIGN_OR_RETURN(SqlAst column, parse_one_select(session, "SELECT (" + expression + "\n) AS " +
                                                                quote_identifier(alias)));
  SqlAst& columns = select_node(column)["select_list"];
  if (columns.size() != 1) return invalid_argument("not one expression: " + expression);
  select_node(tree)["select_list"].push_back(columns[0]);
  return unparse_sql(session, tree);
}

}  // namespace lakeward::engine
