#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>

#include "base/secret.h"
#include "base/suggest.h"
#include "cli/interruption.h"
#include "cli/json_output.h"
#include "cli/result_output.h"
#include "cli/verbs.h"
#include "engine/sql_text.h"
#include "service/runner.h"
#include "service/schedule.h"
#include "service/workspace.h"

namespace lakeward::cli {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

// A copy of the project for one case, gone afterwards.
class CaseFolder {
 public:
  CaseFolder() {
    Random random = Random::from_entropy();
    path_ = fs::temp_directory_path() / ("lakeward-case-" + make_uuid(random));
  }
  ~CaseFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  CaseFolder(const CaseFolder&) = delete;
  CaseFolder& operator=(const CaseFolder&) = delete;

  fs::path project() const { return path_ / "project"; }
  fs::path state() const { return path_ / "state"; }

  // What the case has at the top takes the place of what the project has there.
  Status fill(const project::Project& project, const fs::path& test_case) {
    std::set<fs::path> left_out = {"tests", "expected"};
    for (const fs::directory_entry& entry : fs::directory_iterator(test_case)) {
      left_out.insert(entry.path().filename());
    }
    try {
      fs::create_directories(this->project());
      for (const fs::directory_entry& entry : fs::directory_iterator(project.root)) {
        const bool state = entry.path() == fs::path(project.lake).lexically_normal() ||
                           entry.path() == fs::path(project.checkpoints).lexically_normal();
        if (!state && !left_out.contains(entry.path().filename())) copy(entry.path());
      }
      for (const fs::directory_entry& entry : fs::directory_iterator(test_case)) {
        if (entry.path().filename() != "expected") copy(entry.path());
      }
    } catch (const fs::filesystem_error& error) {
      return io_error(error.what());
    }
    return ok_status();
  }

 private:
  void copy(const fs::path& from) {
    fs::copy(from, project() / from.filename(), fs::copy_options::recursive);
  }
  fs::path path_;
};

Lines lines_of(std::istream&& in) {
  Lines lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<fs::path> expected_files(const fs::path& test_case) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(test_case / "expected", ignored)) {
    if (entry.path().extension() == ".csv") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// The pipelines that write the expected tables, and all that these need.
std::vector<std::string> needed_pipelines(const project::Project& project,
                                          const project::Lineage& lineage,
                                          const std::vector<fs::path>& files) {
  std::set<size_t> needed;
  std::vector<size_t> open;
  for (const fs::path& file : files) {
    if (const auto writer = lineage.writer_of(file.stem().string())) open.push_back(*writer);
  }
  while (!open.empty()) {
    const size_t index = open.back();
    open.pop_back();
    if (!needed.insert(index).second) continue;
    for (const size_t upstream : lineage.links[index].upstream) open.push_back(upstream);
  }
  std::vector<std::string> names;
  for (const size_t index : needed) names.push_back(project.pipelines[index].name);
  return names;
}

// The difference between the file's rows and the table's, in the columns that the file names and
// without regard to order; "" if there is none.
Result<std::string> compare(service::Workspace& workspace, const fs::path& file) {
  Lines expected = lines_of(std::ifstream(file));
  if (expected.empty()) return invalid_argument(file.string() + " has no header");
  std::string columns;
  std::istringstream header(expected.front());
  for (std::string name; std::getline(header, name, ',');) {
    columns += (columns.empty() ? "" : ", ") + engine::quote_identifier(name);
  }
  const std::string sql =
      "SELECT " + columns + " FROM " + engine::quote_qualified(file.stem().string());
  ASSIGN_OR_RETURN(const auto session, workspace.database().make_session());
  RETURN_IF_ERROR(workspace.lake().bind(*session, sql, service::AsOf()).status());
  std::ostringstream out;
  RETURN_IF_ERROR(
      write_rows(*session, sql, {RowFormat::kCsv, Screen()}, out, std::stop_token()).status());
  Lines actual = lines_of(std::istringstream(out.str()));
  std::sort(expected.begin() + 1, expected.end());
  std::sort(actual.begin() + 1, actual.end());
  Lines missing;
  Lines surplus;
  std::set_difference(expected.begin() + 1, expected.end(), actual.begin() + 1, actual.end(),
                      std::back_inserter(missing));
  std::set_difference(actual.begin() + 1, actual.end(), expected.begin() + 1, expected.end(),
                      std::back_inserter(surplus));
  std::string diff;
  for (const std::string& line : missing) diff += "  - " + line + "\n";
  for (const std::string& line : surplus) diff += "  + " + line + "\n";
  if (!diff.empty()) diff = file.stem().string() + ": " + expected.front() + "\n" + diff;
  return diff;
}

// What is wrong with the case; "" if nothing.
Result<std::string> run_case(const project::Project& project, const fs::path& test_case,
                             std::stop_token stop) {
  const std::vector<fs::path> files = expected_files(test_case);
  if (files.empty()) {
    return invalid_argument("it expects nothing: write expected/<table>.csv in " +
                            test_case.string());
  }
  CaseFolder folder;
  RETURN_IF_ERROR(folder.fill(project, test_case));
  ASSIGN_OR_RETURN(const auto workspace,
                   service::Workspace::open(folder.project(), service::Workspace::Checked::kToRun,
                                            folder.state()));
  ASSIGN_OR_RETURN(const project::Plan plan, workspace->plan());
  const auto needed = needed_pipelines(workspace->project(), plan.lineage, files);
  if (needed.empty()) return invalid_argument("no pipeline writes the tables that it expects");
  ASSIGN_OR_RETURN(auto scheduled, service::schedule(workspace->project(), plan.lineage, needed));
  service::Runner runner(*workspace, std::move(scheduled), {});
  const service::RunReport report = runner.drain(stop);
  if (stop.stop_requested()) return cancelled("interrupted");
  std::string wrong;
  for (const service::PipelineReport& pipeline : report.pipelines) {
    if (!pipeline.error.ok()) wrong += pipeline.name + ": " + pipeline.error.message() + "\n";
  }
  for (const fs::path& file : files) {
    const Result<std::string> diff = compare(*workspace, file);
    wrong += diff.ok() ? *diff : diff.status().message() + "\n";
  }
  return wrong;
}

Result<std::vector<std::string>> case_names(const project::Project& project,
                                            const std::vector<std::string>& asked) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(project.root / "tests", ignored)) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  if (names.empty()) {
    return invalid_argument("the project has no tests: a case is a folder in " +
                            (project.root / "tests").string());
  }
  for (const std::string& name : asked) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      return invalid_argument("there is no case '" + name + "'" + suggestion(name, names));
    }
  }
  return asked.empty() ? names : asked;
}

Outcome test(const std::vector<std::string>& asked, const Common& common) {
  const Interruption interruption;
  const auto workspace = service::Workspace::open(common.project);
  if (!workspace.ok()) return workspace.status();
  const project::Project& project = (*workspace)->project();
  const auto names = case_names(project, asked);
  if (!names.ok()) return names.status();
  size_t failed = 0;
  nlohmann::ordered_json array = nlohmann::json::array();
  for (const std::string& name : *names) {
    const auto result = run_case(project, project.root / "tests" / name, interruption.token());
    if (interruption.requested()) return cancelled("interrupted");
    const std::string wrong = result.ok() ? *result : result.status().message() + "\n";
    failed += wrong.empty() ? 0 : 1;
    array.push_back({{"case", name}, {"passed", wrong.empty()}, {"difference", wrong}});
    if (!common.json)
      std::cout << (wrong.empty() ? "passed  " : "FAILED  ") << name << "\n" << mask_secrets(wrong);
  }
  if (common.json) std::cout << json_line(array);
  if (failed == 0) return ok_status();
  return {internal_error(std::to_string(failed) + " of " + std::to_string(names->size()) +
                         " cases failed (- expected, + actual)"),
          kExitFailed};
}

}  // namespace

void add_test(CommandLine& line) {
  auto cases = std::make_shared<std::vector<std::string>>();
  line.add({.name = "test",
            .summary = "Runs the project's fixtures through its pipelines, in a temporary lake",
            .details = {"A case is a folder tests/CASE with input files where the pipelines look "
                        "for them (tests/CASE/input/a.jsonl\nfor input/*.jsonl: a folder of the "
                        "case takes the place of the project's), and expected/TABLE.csv: the\n"
                        "rows, in any order, of the columns that its header names. The pipelines "
                        "that write these tables run,\nwith all that they need."},
            .examples = {"lakeward test", "lakeward test rejects_out_of_range"}},
           [cases](const Common& common) { return test(*cases, common); })
      .arguments("CASE", *cases, "Only these");
}

}  // namespace lakeward::cli
