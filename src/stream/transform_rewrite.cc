#include "stream/transform_rewrite.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/sql_text.h"
#include "stream/input_columns.h"
#include "stream/utf8.h"

namespace lakeward::stream {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kInput = "input";

std::string field(const Json& node, const char* name) {
  const auto found = node.find(name);
  return found != node.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool is_input_table(const Json& node) {
  return node.is_object() && field(node, "type") == "BASE_TABLE" && node.contains("table_name") &&
         equal_names(field(node, "table_name"), kInput) && field(node, "schema_name").empty() &&
         field(node, "catalog_name").empty();
}

// Calls visit(node) for each object of the tree, parents first.
template <typename Tree, typename Visit>
void walk(Tree& node, const Visit& visit) {
  if (node.is_object()) visit(node);
  if (node.is_object() || node.is_array()) {
    for (auto& child : node) walk(child, visit);
  }
}

// The same within one expression: not into its subqueries, which have a FROM of their own.
template <typename Visit>
void walk_expression(Json& node, const Visit& visit) {
  if (node.is_object()) {
    if (field(node, "class") == "SUBQUERY") return;
    visit(node);
  }
  if (node.is_object() || node.is_array()) {
    for (Json& child : node) walk_expression(child, visit);
  }
}

size_t count_inputs(const Json& tree) {
  size_t count = 0;
  walk(tree, [&](const Json& node) { count += is_input_table(node) ? 1 : 0; });
  return count;
}

// The input table that a FROM clause has directly (through joins), or nullptr.
const Json* find_input(const Json& from) {
  if (is_input_table(from)) return &from;
  if (field(from, "type") != "JOIN") return nullptr;
  if (const Json* left = find_input(from.at("left"))) return left;
  return find_input(from.at("right"));
}

// As find_input(), if each row of the FROM clause has exactly one row of input in it.
const Json* find_kept_input(const Json& from) {
  if (is_input_table(from)) return &from;
  if (field(from, "type") != "JOIN") return nullptr;
  const std::string join = field(from, "join_type");
  if (join != "INNER" && join != "LEFT") return nullptr;
  if (const Json* left = find_kept_input(from.at("left"))) return left;
  return join == "INNER" ? find_kept_input(from.at("right")) : nullptr;
}

std::string input_alias(const Json& table) {
  const std::string alias = field(table, "alias");
  return alias.empty() ? kInput : alias;
}

// Leaves the hidden columns out of every `*` that would have them.
void hide_columns(Json& tree, const std::vector<std::string>& hidden) {
  walk(tree, [&](Json& node) {
    if (field(node, "type") != "SELECT_NODE") return;
    const Json* input = find_input(node.at("from_table"));
    if (input == nullptr) return;
    const std::string alias = input_alias(*input);
    for (Json& item : node.at("select_list")) {
      walk_expression(item, [&](Json& star) {
        if (field(star, "class") != "STAR" || !star.contains("exclude_list")) return;
        const std::string relation = field(star, "relation_name");
        if (!relation.empty() && !equal_names(relation, alias)) return;
        for (const std::string& name : hidden) {
          const auto is_name = [&](const Json& known) {
            return known.is_string() && equal_names(known.get<std::string>(), name);
          };
          Json& excluded = star.at("exclude_list");
          if (std::none_of(excluded.begin(), excluded.end(), is_name)) excluded.push_back(name);
        }
      });
    }
  });
}

bool is_empty(const Json& node, const char* name) {
  const auto found = node.find(name);
  return found == node.end() || found->is_null() || found->empty();
}

// No part of the SELECT looks at other rows.
bool is_per_row(const Json& select) {
  if (!is_empty(select, "group_expressions") || !is_empty(select, "group_sets") ||
      field(select, "aggregate_handling") != "STANDARD_HANDLING" || !is_empty(select, "having") ||
      !is_empty(select, "qualify") || !is_empty(select, "sample")) {
    return false;
  }
  for (const Json& modifier : select.at("modifiers")) {
    if (field(modifier, "type") != "ORDER_MODIFIER") return false;
  }
  bool per_row = true;
  walk(select.at("select_list"), [&](const Json& node) {
    if (field(node, "class") == "WINDOW") per_row = false;
    if (field(node, "class") == "FUNCTION" && equal_names(field(node, "function_name"), "unnest")) {
      per_row = false;
    }
  });
  return per_row;
}

Json column_ref(const std::string& table, std::string_view column, const std::string& alias) {
  return {{"class", "COLUMN_REF"},
          {"type", "COLUMN_REF"},
          {"alias", alias},
          {"query_location", 0},
          {"column_names", Json::array({table, std::string(column)})}};
}

Json operator_node(const char* type, Json child, const std::string& alias = "") {
  return {{"class", "OPERATOR"},
          {"type", type},
          {"alias", alias},
          {"query_location", 0},
          {"children", Json::array({std::move(child)})}};
}

Json conjunction(const char* type, std::vector<Json> children) {
  return {{"class", "CONJUNCTION"},
          {"type", type},
          {"alias", ""},
          {"query_location", 0},
          {"children", std::move(children)}};
}

Json without_alias(Json expression) {
  expression["alias"] = "";
  return expression;
}

Json function_node(const char* name, std::vector<Json> children, const std::string& alias) {
  return {{"class", "FUNCTION"},
          {"type", "FUNCTION"},
          {"alias", alias},
          {"query_location", 0},
          {"function_name", name},
          {"schema", ""},
          {"children", std::move(children)},
          {"filter", nullptr},
          {"order_bys", {{"type", "ORDER_MODIFIER"}, {"orders", Json::array()}}},
          {"distinct", false},
          {"is_operator", false},
          {"export_state", false},
          {"catalog", ""}};
}

// The expression, or NULL for a row on which it fails. DuckDB's optimizer moves an expression that
// occurs twice out of TRY, where its failure is one of the query, but it moves nothing out of CASE.
Json try_node(const std::string& input, Json expression, const std::string& alias = "") {
  Json always = operator_node("OPERATOR_IS_NOT_NULL", column_ref(input, kPositionColumn, ""));
  Json null = {{"class", "CONSTANT"},
               {"type", "VALUE_CONSTANT"},
               {"alias", ""},
               {"query_location", 0},
               {"value", {{"type", {{"id", "NULL"}, {"type_info", nullptr}}}, {"is_null", true}}}};
  Json check = {{"when_expr", std::move(always)},
                {"then_expr", operator_node("OPERATOR_TRY", std::move(expression))}};
  return {{"class", "CASE"},
          {"type", "CASE_EXPR"},
          {"alias", alias},
          {"query_location", 0},
          {"case_checks", Json::array({std::move(check)})},
          {"else_expr", std::move(null)}};
}

// TRY gives NULL for an expression that fails, so `hash(…) IS NOT NULL` under TRY, which is TRUE
// for any values, tells rows on which all expressions could be computed.
std::optional<Json> guard(Json select, const std::string& alias,
                          const std::vector<std::string>& names) {
  Json& items = select.at("select_list");
  size_t stars = 0;
  for (const Json& item : items) stars += field(item, "class") == "STAR" ? 1 : 0;
  if (stars > 1 || names.size() + stars < items.size()) return std::nullopt;
  const size_t star_columns = names.size() + stars - items.size();
  std::vector<Json> risky;
  size_t column = 0;
  for (Json& item : items) {
    if (field(item, "class") == "STAR") {
      if (!is_empty(item, "replace_list")) return std::nullopt;
      column += star_columns;
      continue;
    }
    const std::string& name = names[column++];
    if (field(item, "class") == "COLUMN_REF") continue;
    risky.push_back(without_alias(item));
    item = try_node(alias, without_alias(item), name);
  }
  Json& where = select.at("where_clause");
  if (!where.is_null()) {
    // A row on which WHERE fails is let through, to be refused for it.
    risky.push_back(where);
    Json holds = try_node(alias, where);
    Json fails =
        operator_node("OPERATOR_IS_NULL", try_node(alias, function_node("hash", {where}, "")));
    where = conjunction("CONJUNCTION_OR", {std::move(holds), std::move(fails)});
  }
  if (risky.empty()) risky.push_back(column_ref(alias, kPositionColumn, ""));
  Json sound = operator_node("OPERATOR_IS_NOT_NULL", function_node("hash", std::move(risky), ""));
  items.push_back(try_node(alias, std::move(sound), kResultSound));
  return select;
}

class SyntaxTree {
 public:
  static Result<SyntaxTree> parse(engine::Session& session, const std::string& sql) {
    ASSIGN_OR_RETURN(const engine::Rows rows,
                     session.query("SELECT CAST(json_serialize_sql(" + engine::quote_literal(sql) +
                                   ") AS VARCHAR)"));
    Json tree = Json::parse(rows.text(0, 0), nullptr, false);
    if (tree.is_discarded()) return internal_error("the engine's syntax tree is not JSON");
    if (tree.value("error", true)) {
      return invalid_argument("transform: " + field(tree, "error_message"));
    }
    if (tree.at("statements").size() != 1) {
      return invalid_argument("transform: it must be exactly one SELECT");
    }
    return SyntaxTree(session, std::move(tree));
  }

  Json& root() { return tree_.at("statements").at(0).at("node"); }

  Result<std::string> text(Json select) const {
    Json tree = tree_;
    tree.at("statements").at(0).at("node") = std::move(select);
    ASSIGN_OR_RETURN(const engine::Rows rows,
                     session_->query("SELECT json_deserialize_sql(CAST(" +
                                     engine::quote_literal(tree.dump()) + " AS JSON))"));
    return rows.text(0, 0);
  }

 private:
  SyntaxTree(engine::Session& session, Json tree) : session_(&session), tree_(std::move(tree)) {}
  engine::Session* session_;
  Json tree_;
};

}  // namespace

Result<RewrittenTransform> rewrite_transform(engine::Session& session, const std::string& sql,
                                             const std::vector<std::string>& names,
                                             const RewriteOptions& options) {
  ASSIGN_OR_RETURN(SyntaxTree tree, SyntaxTree::parse(session, sql));
  RewrittenTransform rewritten;
  rewritten.plain = sql;
  const size_t inputs = count_inputs(tree.root());
  if (inputs == 0) return rewritten;
  hide_columns(tree.root(), options.hidden);
  ASSIGN_OR_RETURN(rewritten.plain, tree.text(tree.root()));
  if (field(tree.root(), "type") != "SELECT_NODE" || inputs != 1 || !is_per_row(tree.root())) {
    return rewritten;
  }
  Json select = tree.root();
  const Json* input = find_kept_input(select.at("from_table"));
  if (input == nullptr) return rewritten;
  const std::string alias = input_alias(*input);
  rewritten.row_wise = is_input_table(select.at("from_table"));
  rewritten.has_where = !is_empty(select, "where_clause");
  if (options.with_uncast && !rewritten.row_wise) return rewritten;

  std::vector<Json> added = {column_ref(alias, kPositionColumn, kResultPosition)};
  if (options.with_uncast) {
    added.push_back(column_ref(alias, kUncastColumn, kResultUncast));
  }
  const auto finish = [&](Json node) -> Result<std::string> {
    for (const Json& column : added) node.at("select_list").push_back(column);
    Json& where = node.at("where_clause");
    if (options.with_uncast && !where.is_null()) {
      Json uncast = operator_node("OPERATOR_IS_NOT_NULL", column_ref(alias, kUncastColumn, ""));
      where = conjunction("CONJUNCTION_OR", {std::move(where), std::move(uncast)});
    }
    return tree.text(std::move(node));
  };
  ASSIGN_OR_RETURN(rewritten.positioned, finish(select));
  if (rewritten.row_wise) {
    if (std::optional<Json> guarded = guard(select, alias, names)) {
      ASSIGN_OR_RETURN(rewritten.guarded, finish(std::move(*guarded)));
    }
  }
  return rewritten;
}

}  // namespace lakeward::stream
