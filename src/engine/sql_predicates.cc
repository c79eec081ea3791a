// extract_predicates() of sql_inspect.h.
#include <algorithm>
#include <map>
#include <optional>

#include "engine/sql_ast.h"
#include "engine/sql_inspect.h"

namespace lakeward::engine {
namespace {

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// A table in the outermost FROM.
struct FromTable {
  std::string name;  // as written, with its schema
  std::string bare_name;
  std::string schema;
  std::string alias;
};

// Collects the tables of a FROM clause that is made of base tables and plain joins only.
class FromReader {
 public:
  // Whether rows of its tables may be left out when WHERE would refuse them.
  bool read(const SqlAst& from) {
    const std::string type = ast_text(from, "type");
    if (!from.value("sample", SqlAst()).is_null()) return false;
    if (type == "BASE_TABLE") {
      if (!from.value("at_clause", SqlAst()).is_null()) return false;
      FromTable table{.name = ast_text(from, "table_name"),
                      .bare_name = ast_text(from, "table_name"),
                      .schema = ast_text(from, "schema_name"),
                      .alias = ast_text(from, "alias")};
      // Renamed columns, and tables of other catalogs, are left alone.
      if (!from.value("column_name_alias", SqlAst::array()).empty()) return false;
      if (!ast_text(from, "catalog_name").empty()) return false;
      if (!table.schema.empty()) table.name = table.schema + "." + table.bare_name;
      tables.push_back(std::move(table));
      return true;
    }
    if (type != "JOIN") return false;
    // An ASOF or positional join pairs other rows when some are missing.
    const std::string ref_type = ast_text(from, "ref_type");
    const std::string join_type = ast_text(from, "join_type");
    has_outer_join = has_outer_join || join_type != "INNER";
    const bool plain = (ref_type == "REGULAR" || ref_type == "CROSS" || ref_type == "NATURAL") &&
                       (join_type == "INNER" || join_type == "LEFT" || join_type == "RIGHT" ||
                        join_type == "OUTER" || join_type == "FULL");
    return plain && read(from["left"]) && read(from["right"]);
  }

  // The table that a column reference belongs to; nullptr if that cannot be told.
  const FromTable* owner(const SqlAst& names) const {
    const FromTable* found = nullptr;
    for (const FromTable& table : tables) {
      bool matches = false;
      if (names.size() == 1) {
        matches = true;  // unqualified: only if it is the only table
      } else if (names.size() == 2) {
        const std::string& visible = table.alias.empty() ? table.bare_name : table.alias;
        matches = lower(names[0]) == lower(visible);
      } else if (names.size() == 3) {
        matches = table.alias.empty() && lower(names[0]) == lower(table.schema) &&
                  lower(names[1]) == lower(table.bare_name);
      }
      if (!matches) continue;
      if (found != nullptr) return nullptr;
      found = &table;
    }
    return found;
  }

  std::vector<FromTable> tables;
  bool has_outer_join = false;
};

// How often each table occurs anywhere in the tree; CTEs count as tables here, so that a table
// which shares its name with one is left alone.
void count_tables(const SqlAst& node, std::map<std::string, int>& counts) {
  if (node.is_object() && ast_text(node, "type") == "BASE_TABLE" && node.contains("table_name")) {
    const std::string schema = ast_text(node, "schema_name");
    ++counts[lower((schema.empty() ? "" : schema + ".") + ast_text(node, "table_name"))];
  }
  if (node.is_object() && node.contains("cte_map")) {
    for (const SqlAst& cte : node["cte_map"].value("map", SqlAst::array())) {
      ++counts[lower(ast_text(cte, "key"))];
    }
  }
  if (!node.is_object() && !node.is_array()) return;
  for (const SqlAst& child : node) count_tables(child, counts);
}

bool is_column(const SqlAst& node) { return ast_text(node, "class") == "COLUMN_REF"; }

// A constant, or a cast of one.
bool is_literal(const SqlAst& node) {
  const std::string kind = ast_text(node, "class");
  if (kind == "CAST") return is_literal(node["child"]);
  return kind == "CONSTANT" && !node["value"].value("is_null", false);
}

std::optional<Comparison> comparison_of(const std::string& type) {
  if (type == "COMPARE_EQUAL") return Comparison::kEqual;
  if (type == "COMPARE_NOTEQUAL") return Comparison::kNotEqual;
  if (type == "COMPARE_LESSTHAN") return Comparison::kLess;
  if (type == "COMPARE_LESSTHANOREQUALTO") return Comparison::kLessOrEqual;
  if (type == "COMPARE_GREATERTHAN") return Comparison::kGreater;
  if (type == "COMPARE_GREATERTHANOREQUALTO") return Comparison::kGreaterOrEqual;
  return std::nullopt;
}

// 5 < x is x > 5.
Comparison mirrored(Comparison comparison) {
  switch (comparison) {
    case Comparison::kLess:
      return Comparison::kGreater;
    case Comparison::kLessOrEqual:
      return Comparison::kGreaterOrEqual;
    case Comparison::kGreater:
      return Comparison::kLess;
    case Comparison::kGreaterOrEqual:
      return Comparison::kLessOrEqual;
    default:
      return comparison;
  }
}

class PredicateReader {
 public:
  PredicateReader(Session& session, const FromReader& from, std::map<std::string, int> counts)
      : session_(session), from_(from), counts_(std::move(counts)) {}

  Status read(const SqlAst& condition) {
    const std::string kind = ast_text(condition, "class");
    const std::string type = ast_text(condition, "type");
    if (type == "CONJUNCTION_AND") {
      for (const SqlAst& child : condition["children"]) RETURN_IF_ERROR(read(child));
    } else if (kind == "COMPARISON") {
      const auto comparison = comparison_of(type);
      if (!comparison) return ok_status();
      RETURN_IF_ERROR(add(condition["left"], *comparison, condition["right"]));
      return add(condition["right"], mirrored(*comparison), condition["left"]);
    } else if (type == "COMPARE_BETWEEN") {
      RETURN_IF_ERROR(add(condition["input"], Comparison::kGreaterOrEqual, condition["lower"]));
      return add(condition["input"], Comparison::kLessOrEqual, condition["upper"]);
    } else if (type == "OPERATOR_IS_NULL" && !from_.has_outer_join) {
      add_null_test(condition["children"][0], Comparison::kIsNull);
    } else if (type == "OPERATOR_IS_NOT_NULL") {
      add_null_test(condition["children"][0], Comparison::kIsNotNull);
    }
    return ok_status();
  }

  std::vector<ColumnPredicate> predicates;

 private:
  // The table of a column, if it occurs only once.
  const FromTable* only_owner(const SqlAst& column) const {
    if (!is_column(column)) return nullptr;
    const FromTable* owner = from_.owner(column["column_names"]);
    if (owner == nullptr) return nullptr;
    const auto count = counts_.find(lower(owner->name));
    return count != counts_.end() && count->second == 1 ? owner : nullptr;
  }

  void add_null_test(const SqlAst& column, Comparison comparison) {
    if (const FromTable* owner = only_owner(column)) {
      predicates.push_back({owner->name, column["column_names"].back(), comparison, "", ""});
    }
  }

  Status add(const SqlAst& column, Comparison comparison, const SqlAst& literal) {
    const FromTable* owner = only_owner(column);
    if (owner == nullptr || !is_literal(literal)) return ok_status();
    ASSIGN_OR_RETURN(SqlAst tree, parse_one_select(session_, "SELECT 1"));
    select_node(tree)["select_list"][0] = literal;
    ASSIGN_OR_RETURN(const std::string select, unparse_sql(session_, tree));
    const auto rows =
        session_.query("SELECT x::VARCHAR, typeof(x) FROM (" + select + ") AS literal(x)");
    // DATE 'abc': the query itself will say what is wrong with it.
    if (!rows.ok()) return ok_status();
    predicates.push_back({owner->name, column["column_names"].back(), comparison, rows->text(0, 0),
                          rows->text(0, 1)});
    return ok_status();
  }

  Session& session_;
  const FromReader& from_;
  std::map<std::string, int> counts_;
};

}  // namespace

Result<std::vector<ColumnPredicate>> extract_predicates(Session& session, const std::string& sql) {
  ASSIGN_OR_RETURN(SqlAst tree, parse_one_select(session, sql));
  const SqlAst& node = select_node(tree);
  if (ast_text(node, "type") != "SELECT_NODE" || node["where_clause"].is_null()) {
    return std::vector<ColumnPredicate>();
  }
  FromReader from;
  if (!from.read(node["from_table"])) return std::vector<ColumnPredicate>();
  std::map<std::string, int> counts;
  count_tables(tree, counts);
  PredicateReader reader(session, from, std::move(counts));
  RETURN_IF_ERROR(reader.read(node["where_clause"]));
  return std::move(reader.predicates);
}

}  // namespace lakeward::engine
