// Runs one case of tests/pipelines: pipeline_case FOLDER. What a case holds is in README.md.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "support/diff.h"
#include "support/process.h"
#include "support/temp_folder.h"

namespace lakeward::test {
namespace {

namespace fs = std::filesystem;

int failures = 0;

void fail(const std::string& what) {
  std::cout << "FAILED: " << what << "\n";
  ++failures;
}

std::string select_of_columns(const std::string& csv_header, const std::string& table) {
  std::string columns;
  for (size_t begin = 0; begin <= csv_header.size();) {
    const size_t end = std::min(csv_header.find(',', begin), csv_header.size());
    columns += (columns.empty() ? "\"" : ", \"") + csv_header.substr(begin, end - begin) + "\"";
    begin = end + 1;
  }
  return "SELECT " + columns + " FROM " + table;
}

// The rows of the file and of the table, in the columns that the file names, without regard to
// order.
void check_table(const fs::path& expected_file, const fs::path& project) {
  const std::string table = expected_file.stem().string();
  std::vector<std::string> expected = lines_of(read_text(expected_file));
  if (expected.empty()) return fail(expected_file.string() + " has no header");
  const std::string header = expected.front();
  const ProcessResult result = run_lakeward({"query", select_of_columns(header, table), "--format",
                                             "csv", "--project", project.string()});
  if (result.exit_code != 0) return fail(table + ": " + result.err);
  std::vector<std::string> actual = lines_of(result.out);
  std::sort(expected.begin() + 1, expected.end());
  if (!actual.empty()) std::sort(actual.begin() + 1, actual.end());
  const std::string diff = line_diff(expected, actual);
  if (!diff.empty()) fail(table + " (- expected, + actual):\n" + diff);
}

void check_run(const fs::path& expected, const fs::path& project, bool first) {
  const ProcessResult result = run_lakeward({"run", "--once", "--project", project.string()});
  const fs::path code_file = expected / "exit_code";
  const int code = fs::exists(code_file) ? std::stoi(read_text(code_file)) : 0;
  if (result.exit_code != code) {
    fail("exit code " + std::to_string(result.exit_code) + ", expected " + std::to_string(code) +
         "; stderr:\n" + result.err);
  }
  if (!first || !fs::exists(expected / "stderr")) return;
  for (const std::string& line : lines_of(read_text(expected / "stderr"))) {
    if (result.err.find(line) == std::string::npos) {
      fail("stderr does not say: " + line + "\nbut:\n" + result.err);
    }
  }
}

void check_tables(const fs::path& expected, const fs::path& project) {
  for (const fs::directory_entry& entry : fs::directory_iterator(expected)) {
    if (entry.path().extension() == ".csv") check_table(entry.path(), project);
  }
}

int run_case(const fs::path& folder) {
  const TempFolder temporary;
  const fs::path project = temporary.path() / "project";
  fs::copy(folder, project, fs::copy_options::recursive);
  const fs::path expected = folder / "expected";
  check_run(expected, project, true);
  check_tables(expected, project);
  // Once more: what was taken is not taken again.
  check_run(expected, project, false);
  check_tables(expected, project);
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace lakeward::test

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "Usage: pipeline_case FOLDER\n";
    return 2;
  }
  return lakeward::test::run_case(argv[1]);
}
