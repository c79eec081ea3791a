#include "project/type_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/suggest.h"
#include "engine/sql_text.h"

namespace lakeward::project {
namespace {

using engine::Column;
using engine::Schema;

// `SELECT *` brings these columns, and the metadata columns between them; all are then left out.
constexpr const char* kMetadataBegin = "lakeward metadata begin";
constexpr const char* kMetadataEnd = "lakeward metadata end";
constexpr size_t kMostColumnsShown = 20;

bool equal_names(const std::string& a, const std::string& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

bool is_marker(const std::string& name) { return name.starts_with("lakeward metadata "); }

Schema without_metadata(const Schema& described) {
  Schema kept;
  bool inside = false;
  for (const Column& column : described) {
    if (column.name == kMetadataBegin) inside = true;
    if (!inside) kept.push_back(column);
    if (column.name == kMetadataEnd) inside = false;
  }
  return kept;
}

std::vector<std::string> names_of(const Schema& schema) {
  std::vector<std::string> names;
  for (const Column& column : schema) names.push_back(column.name);
  return names;
}

// DuckDB's message without the lines that offer names, which would show our markers, and with only
// the first of a list of functions.
std::string shown(const std::string& message) {
  constexpr size_t kMostFunctions = 5;
  std::string text;
  size_t functions = 0;
  size_t begin = 0;
  while (begin < message.size()) {
    const size_t end = std::min(message.find('\n', begin), message.size());
    const std::string line = message.substr(begin, end - begin);
    begin = end + 1;
    if (line.empty() || line.starts_with("Candidate bindings")) continue;
    if (line.starts_with('\t') && line.find("->") != std::string::npos) {
      if (++functions == kMostFunctions + 1) text += "\n\t…";
      if (functions > kMostFunctions) continue;
    }
    text += (text.empty() ? "" : "\n") + line;
  }
  return text;
}

}  // namespace

bool has_column(const Schema& schema, const std::string& name) {
  return std::any_of(schema.begin(), schema.end(),
                     [&](const Column& column) { return equal_names(column.name, name); });
}

std::string missing_table_message(const std::string& table, const std::vector<std::string>& known) {
  std::string message =
      fmt::format("no pipeline writes the table '{}', nor is it in the lake", table);
  if (const auto nearest = nearest_name(table, known)) {
    message += fmt::format("; did you mean '{}'?", *nearest);
  }
  return message;
}

Status TypeChecker::define_view(const std::string& name, const Schema& columns) {
  std::string select;
  for (const Column& column : columns) {
    select += (select.empty() ? "SELECT CAST(NULL AS " : ", CAST(NULL AS ") + column.type +
              ") AS " + engine::quote_identifier(column.name);
  }
  return session_.define_view(name, select + " WHERE false");
}

Status TypeChecker::define_input(const Schema& columns, const Schema& metadata) {
  input_ = columns;
  Schema all = columns;
  all.push_back({kMetadataBegin, "INTEGER"});
  for (const Column& column : metadata) {
    if (!has_column(columns, column.name)) all.push_back(column);
  }
  all.push_back({kMetadataEnd, "INTEGER"});
  return define_view("input", all);
}

Status TypeChecker::define_table(const std::string& name, const Schema& columns) {
  return define_view(name, columns);
}

void TypeChecker::report(const SourceText& sql, const engine::SqlError& error, int shift,
                         const std::string& what, const std::string& table, const Schema* columns) {
  const int column = error.line == 1 ? error.column - shift : error.column;
  const config::Location place = sql.locate(error.line, std::max(column, 0));
  if (!error.is_missing_column) {
    problems_.push_back({place, fmt::format("{}: {}", what, shown(error.message))});
    return;
  }
  std::vector<std::string> names = columns != nullptr ? names_of(*columns) : error.candidates;
  std::erase_if(names, is_marker);
  std::string message = fmt::format("{} names a column '{}' that {} not have", what, error.name,
                                    columns != nullptr ? table + " does" : "its tables do");
  if (!names.empty()) {
    const bool all = names.size() <= kMostColumnsShown;
    const size_t count = std::min(names.size(), kMostColumnsShown);
    message += fmt::format("; {} {}{}", columns != nullptr ? "it has" : "they have",
                           fmt::join(names.begin(), names.begin() + static_cast<long>(count), ", "),
                           all ? "" : ", …");
  }
  // DuckDB's candidates of a join are qualified: "d.label".
  for (std::string& name : names) {
    if (columns == nullptr) name.erase(0, name.rfind('.') + 1);
  }
  if (const auto nearest = nearest_name(error.name, names)) {
    message += fmt::format("; did you mean '{}'?", *nearest);
  }
  problems_.push_back({place, std::move(message)});
}

Result<std::optional<Schema>> TypeChecker::check_sql() {
  const std::string what = pipeline_.is_view() ? "the query" : "the transform";
  ASSIGN_OR_RETURN(const engine::SqlCheck check,
                   engine::check_select(session_, pipeline_.sql.text()));
  if (check.error) {
    // With other tables beside input, the column may have been meant to be theirs.
    ASSIGN_OR_RETURN(const engine::SqlInspection inspection,
                     engine::inspect(session_, pipeline_.sql.text()));
    const bool only_input = !pipeline_.is_view() && inspection.tables.size() == 1;
    report(pipeline_.sql, *check.error, 0, what, "'input'", only_input ? &input_ : nullptr);
    return std::optional<Schema>();
  }
  Schema result = without_metadata(check.schema);
  bool sound = !result.empty();
  for (size_t i = 0; i < result.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (!equal_names(result[i].name, result[j].name)) continue;
      sound = false;
      problems_.push_back({pipeline_.sql.location(),
                           fmt::format("{} has two columns '{}'; give one another name with AS",
                                       what, result[i].name)});
    }
  }
  if (!sound) return std::optional<Schema>();
  return std::optional<Schema>(std::move(result));
}

Status TypeChecker::check_expectations(const Schema& result) {
  if (pipeline_.expectations.empty()) return ok_status();
  RETURN_IF_ERROR(define_view("input", result));
  static constexpr std::string_view kBefore = "SELECT (";
  for (const DeclaredExpectation& expectation : pipeline_.expectations) {
    const std::string what = fmt::format("the expectation '{}'", expectation.name);
    const std::string select = std::string(kBefore) + expectation.check.text() + "\n) FROM input";
    const auto shift = static_cast<int>(kBefore.size());
    ASSIGN_OR_RETURN(const engine::SqlInspection inspection, engine::inspect(session_, select));
    if (inspection.error) {
      report(expectation.check, *inspection.error, shift, what, "", nullptr);
      continue;
    }
    ASSIGN_OR_RETURN(const engine::SqlCheck check, engine::check_select(session_, select));
    if (check.error) {
      report(expectation.check, *check.error, shift, what, "the transform's result", &result);
    } else if (!inspection.is_row_wise || check.schema.size() != 1) {
      problems_.push_back({expectation.check.location(),
                           what + " must be a condition on one row: no aggregate, window or "
                                  "subquery"});
    } else if (check.schema[0].type != "BOOLEAN") {
      problems_.push_back(
          {expectation.check.location(),
           fmt::format("{} must be true or false, not {}", what, check.schema[0].type)});
    }
  }
  return ok_status();
}

}  // namespace lakeward::project
