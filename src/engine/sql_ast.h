// DuckDB's syntax tree of a query, as JSON. Internal to engine/: only sources include it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/status.h"
#include "engine/session.h"

namespace lakeward::engine {

using SqlAst = nlohmann::json;

// The member of an object as text; "" if it is not there or no text.
std::string ast_text(const SqlAst& node, const char* member);

// What json_serialize_sql says: {"error": false, "statements": […]} or {"error": true, …}.
Result<SqlAst> parse_sql(Session& session, const std::string& sql);

// The node of a text that is exactly one SELECT, as {"error", "statements"}. Errors:
// InvalidArgument.
Result<SqlAst> parse_one_select(Session& session, const std::string& sql);
// The outermost node of what parse_one_select() returned.
SqlAst& select_node(SqlAst& tree);

// SQL text of a whole tree.
Result<std::string> unparse_sql(Session& session, const SqlAst& tree);

}  // namespace lakeward::engine
