// docs/reference is made from the declarations. LAKEWARD_UPDATE_DOCS=1 makes it anew.
#include "project/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "connectors/registry.h"
#include "support/source_folder.h"
#include "test_registry.h"

namespace lakeward::project {
namespace {

using testing::HasSubstr;

std::string read(const std::filesystem::path& path) {
  std::ifstream stream(path);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

TEST(Reference, IsCurrent) {
  stream::Registry registry;
  connectors::register_connectors(registry);
  std::map<std::string, std::string> files = render_reference(registry);
  files["pipeline.schema.json"] = render_pipeline_schema(registry);
  files["project.schema.json"] = render_project_schema(registry);
  const auto folder = test::source_folder() / "docs/reference";
  for (const auto& [name, text] : files) {
    if (std::getenv("LAKEWARD_UPDATE_DOCS") != nullptr) {
      std::filesystem::create_directories(folder);
      std::ofstream(folder / name) << text;
    }
    EXPECT_TRUE(read(folder / name) == text)
        << "docs/reference/" << name << " is not current; make it anew: LAKEWARD_UPDATE_DOCS=1 "
        << "build/release/tests/project_test --gtest_filter='Reference*'";
  }
}

TEST(Reference, ShowsTypesDefaultsAndChoices) {
  const std::string table = render_options({
      {.name = "path",
       .type = "text",
       .default_text = "",
       .doc = "Which.",
       .required = true,
       .secret = false,
       .choices = {}},
      {.name = "mode",
       .type = "one of",
       .default_text = "append",
       .doc = "How: a | b.",
       .required = false,
       .secret = false,
       .choices = {"append", "overwrite"}},
  });
  EXPECT_THAT(table, HasSubstr("| `path` | text | required | Which. |\n"));
  EXPECT_THAT(table, HasSubstr("| `mode` | `append`, `overwrite` | `append` | How: a \\| b. |\n"));
}

TEST(Reference, TellsEditorsWhatAPipelineMaySay) {
  const auto schema = nlohmann::json::parse(render_pipeline_schema(make_test_registry()));
  EXPECT_EQ(schema["required"], nlohmann::json({"pipeline", "to"}));
  EXPECT_EQ(schema["additionalProperties"], false);
  const auto& source = schema["properties"]["from"]["anyOf"][1]["properties"];
  EXPECT_TRUE(source.contains("file"));
  EXPECT_TRUE(source["file"]["properties"].contains("settle"));
  EXPECT_TRUE(schema["properties"]["to"]["anyOf"].is_array());
}

}  // namespace
}  // namespace lakeward::project
