// Runs the statements of one file: sql_case FILE PROJECT. What a file holds is in README.md.
#include <iostream>
#include <string>
#include <vector>

#include "support/diff.h"
#include "support/process.h"

namespace lakeward::test {
namespace {

struct Statement {
  size_t line = 0;
  std::string sql;
  std::string kind;  // "csv", "table", "json" or "error"
  std::vector<std::string> expected;
};

std::vector<Statement> parse(const std::vector<std::string>& lines) {
  std::vector<Statement> statements;
  for (size_t i = 0; i < lines.size();) {
    if (lines[i].empty() || lines[i].starts_with("#")) {
      ++i;
      continue;
    }
    Statement statement;
    statement.line = i + 1;
    for (; i < lines.size() && !lines[i].starts_with("----"); ++i) {
      statement.sql += (statement.sql.empty() ? "" : "\n") + lines[i];
    }
    statement.kind = i < lines.size() && lines[i].size() > 5 ? lines[i].substr(5) : "csv";
    for (++i; i < lines.size() && !lines[i].empty(); ++i) statement.expected.push_back(lines[i]);
    statements.push_back(statement);
  }
  return statements;
}

// "" if the statement does what it should.
std::string problem_with(const Statement& statement, const std::string& project) {
  const bool fails = statement.kind == "error";
  const ProcessResult result = run_lakeward(
      {"query", statement.sql, "--project", project, "--format", fails ? "csv" : statement.kind});
  if (!fails) {
    if (result.exit_code != 0) return result.err;
    return line_diff(statement.expected, lines_of(result.out));
  }
  if (result.exit_code == 0) return "it succeeded:\n" + result.out;
  for (const std::string& part : statement.expected) {
    if (result.err.find(part) == std::string::npos) {
      return "the error does not say: " + part + "\nbut: " + result.err;
    }
  }
  return "";
}

int run_file(const std::string& file, const std::string& project) {
  int failures = 0;
  const std::vector<Statement> statements = parse(lines_of(read_text(file)));
  for (const Statement& statement : statements) {
    const std::string problem = problem_with(statement, project);
    if (problem.empty()) continue;
    ++failures;
    std::cout << file << ":" << statement.line << ": FAILED\n" << statement.sql << "\n" << problem;
  }
  std::cout << statements.size() << " statements, " << failures << " failed\n";
  return statements.empty() || failures > 0 ? 1 : 0;
}

}  // namespace
}  // namespace lakeward::test

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "Usage: sql_case FILE PROJECT\n";
    return 2;
  }
  return lakeward::test::run_file(argv[1], argv[2]);
}
