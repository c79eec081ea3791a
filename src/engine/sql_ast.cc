#include "engine/sql_ast.h"

#include "engine/sql_text.h"

namespace lakeward::engine {

std::string ast_text(const SqlAst& node, const char* member) {
  const auto found = node.find(member);
  return found != node.end() && found->is_string() ? found->get<std::string>() : "";
}

Result<SqlAst> parse_sql(Session& session, const std::string& sql) {
  ASSIGN_OR_RETURN(const Rows rows,
                   session.query("SELECT json_serialize_sql(" + quote_literal(sql) + ")::VARCHAR"));
  SqlAst tree = SqlAst::parse(rows.text(0, 0), nullptr, /*allow_exceptions=*/false);
  if (!tree.is_object()) return internal_error("DuckDB returned no syntax tree for: " + sql);
  return tree;
}

Result<SqlAst> parse_one_select(Session& session, const std::string& sql) {
  ASSIGN_OR_RETURN(SqlAst tree, parse_sql(session, sql));
  if (tree.value("error", false)) {
    return invalid_argument(ast_text(tree, "error_message") + " in: " + sql);
  }
  if (tree["statements"].size() != 1) return invalid_argument("not one SELECT: " + sql);
  return tree;
}

SqlAst& select_node(SqlAst& tree) { return tree["statements"][0]["node"]; }

Result<std::string> unparse_sql(Session& session, const SqlAst& tree) {
  ASSIGN_OR_RETURN(const Rows rows, session.query("SELECT json_deserialize_sql(" +
                                                  quote_literal(tree.dump()) + "::JSON)::VARCHAR"));
  return rows.text(0, 0);
}

}  // namespace lakeward::engine
