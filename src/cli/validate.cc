#include <iostream>

#include "cli/json_output.h"
#include "cli/verbs.h"
#include "service/workspace.h"

namespace lakeward::cli {
namespace {

using Json = nlohmann::ordered_json;

void print_problems(const config::Problems& problems, const Common& common) {
  if (!common.json) {
    for (const config::Problem& problem : problems) std::cerr << problem.to_string() << "\n";
    return;
  }
  Json array = Json::array();
  for (const config::Problem& problem : problems) {
    array.push_back(Json{{"file", problem.location.file},
                         {"line", problem.location.line},
                         {"column", problem.location.column},
                         {"message", problem.message}});
  }
  std::cout << json_line({{"valid", problems.empty()}, {"problems", array}});
}

Outcome validate(bool portable, const Common& common) {
  if (portable) {
    return invalid_argument("--portable is not supported yet: it needs `lakeward submit`");
  }
  const Result<config::Problems> problems = service::find_problems(common.project);
  if (!problems.ok()) return problems.status();
  if (!problems->empty() || common.json) print_problems(*problems, common);
  if (!problems->empty()) {
    const std::string count = std::to_string(problems->size());
    return invalid_argument(problems->size() == 1 ? "the project has a problem"
                                                  : "the project has " + count + " problems");
  }
  if (!common.quiet && !common.json) std::cerr << "The project is valid.\n";
  return ok_status();
}

}  // namespace

void add_validate(CommandLine& line) {
  auto portable = std::make_shared<bool>(false);
  line.add({.name = "validate",
            .summary = "Checks the project: every key, every SQL text against its columns",
            .details = {"All problems are reported, each with its file and line; nothing is run or "
                        "written."},
            .examples = {"lakeward validate --json"}},
           [portable](const Common& common) { return validate(*portable, common); })
      .flag("--portable", *portable, "Also whether Apache Spark would run it; not supported yet");
}

}  // namespace lakeward::cli
