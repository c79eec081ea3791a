// Every folder of cases/ is a project; expected_problems.txt says what is wrong with it (nothing,
// if it is empty). Set LAKEWARD_UPDATE_CASES=1 to write what is found into the files, and look at
// the difference.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "project/load.h"
#include "project/plan.h"
#include "support/source_folder.h"
#include "test_registry.h"

namespace lakeward::project {
namespace {

namespace fs = std::filesystem;

// A lake with one table, raw.devices(device_id, label).
class OneTable final : public stream::TableCatalog {
 public:
  Result<std::optional<int64_t>> version(const std::string& table) override {
    return table == "raw.devices" ? std::optional<int64_t>(3) : std::nullopt;
  }
  Result<std::string> scan_select(const std::string&, int64_t) override {
    return std::string("SELECT 'd1' AS device_id, 'a label' AS label");
  }
};

std::string problems_of(const fs::path& folder) {
  const FixedVariables variables({{"REGION", "north"},
                                  {"PORT", "8080"},
                                  {"TOKEN", "hunter2"},
                                  {"LAKEWARD_SECRETS_DIR", "/secrets"}},
                                 {{"/secrets/API_TOKEN", "hunter2\n"}});
  const stream::Registry registry = make_test_registry();
  LoadedProject loaded = load_project(folder, variables, registry);
  config::Problems problems = loaded.problems;
  if (problems.empty()) {
    const auto database = std::move(engine::Database::open(engine::DatabaseOptions())).value();
    OneTable lake;
    auto plan = make_plan(loaded.project, registry, *database, &lake);
    EXPECT_TRUE(plan.ok()) << plan.status().message();
    if (plan.ok()) problems = plan->problems;
  }
  std::string text;
  for (const config::Problem& problem : problems) text += problem.to_string() + "\n";
  const std::string root = loaded.project.root.string();
  for (size_t at = text.find(root); at != std::string::npos; at = text.find(root)) {
    text.replace(at, root.size(), "PROJECT");
  }
  return text;
}

std::string read(const fs::path& path) {
  std::ifstream stream(path);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

class ProjectCase : public testing::TestWithParam<std::string> {};

TEST_P(ProjectCase, HasTheProblemsThatAreExpected) {
  const fs::path folder = test::source_folder() / "tests/project/cases" / GetParam();
  const fs::path expected = folder / "expected_problems.txt";
  const std::string problems = problems_of(folder);
  EXPECT_EQ(problems.find("hunter2"), std::string::npos) << "a secret is shown";
  if (std::getenv("LAKEWARD_UPDATE_CASES") != nullptr) {
    std::ofstream(expected) << problems;
    return;
  }
  ASSERT_TRUE(fs::exists(expected)) << expected << " is missing";
  EXPECT_EQ(problems, read(expected));
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(test::source_folder() / "tests/project/cases")) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Cases, ProjectCase, testing::ValuesIn(case_names()),
                         [](const auto& info) { return info.param; });

class Example : public testing::TestWithParam<std::string> {};

TEST_P(Example, IsAProjectWithoutProblems) {
  EXPECT_EQ(problems_of(test::source_folder() / "examples" / GetParam()), "");
}

INSTANTIATE_TEST_SUITE_P(Examples, Example, testing::Values("sensors", "iot_api"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace lakeward::project
