#include "project/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "project/glob.h"
#include "project/load.h"
#include "support/source_folder.h"
#include "support/temp_folder.h"
#include "test_registry.h"

namespace lakeward::project {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class PlanOf : public testing::Test {
 protected:
  void write(const std::string& file, const std::string& text) {
    const auto path = folder_.path() / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }

  Plan plan(const std::filesystem::path& root, stream::TableCatalog* lake = nullptr) {
    loaded_ = load_project(root, FixedVariables(), registry_);
    for (const config::Problem& problem : loaded_.problems) ADD_FAILURE() << problem.to_string();
    const auto database = std::move(engine::Database::open(engine::DatabaseOptions())).value();
    auto made = make_plan(loaded_.project, registry_, *database, lake);
    EXPECT_TRUE(made.ok()) << made.status().message();
    for (const config::Problem& problem : made->problems) ADD_FAILURE() << problem.to_string();
    return std::move(made).value();
  }

  std::vector<std::string> order(const Plan& plan) {
    std::vector<std::string> names;
    for (const size_t i : plan.lineage.order) names.push_back(loaded_.project.pipelines[i].name);
    return names;
  }

  const PipelineTypes& types(const Plan& plan, std::string_view name) {
    return plan
        .types[static_cast<size_t>(loaded_.project.find(name) - loaded_.project.pipelines.data())];
  }

  test::TempFolder folder_;
  stream::Registry registry_ = make_test_registry();
  LoadedProject loaded_;
};

TEST_F(PlanOf, TheSensorsExampleOrdersPipelinesByTheirTables) {
  const Plan made = plan(test::source_folder() / "examples/sensors");
  EXPECT_THAT(order(made),
              ElementsAre("bronze_sensor_data", "silver_sensor_data", "gold_building_hourly"));
  const auto& links = made.lineage.links;
  const auto silver = made.lineage.writer_of("silver.sensor_data");
  ASSERT_TRUE(silver.has_value());
  EXPECT_TRUE(links[*silver].row_wise);
  EXPECT_EQ(links[*silver].source_table, "bronze.sensor_data");
  EXPECT_THAT(links[*silver].writes,
              ElementsAre("silver.sensor_data", "dead_letter.silver_sensor_data"));
  const auto gold = made.lineage.writer_of("gold.building_hourly");
  EXPECT_THAT(links[*gold].sql_tables, ElementsAre("silver.sensor_data"));
  EXPECT_FALSE(made.lineage.writer_of("gold.nothing").has_value());
}

TEST_F(PlanOf, TheSensorsExampleKnowsTheColumnsOfEachTable) {
  const Plan made = plan(test::source_folder() / "examples/sensors");
  EXPECT_EQ(types(made, "bronze_sensor_data").output,
            (engine::Schema{{"timestamp", "VARCHAR"},
                            {"device_id", "VARCHAR"},
                            {"building", "VARCHAR"},
                            {"floor", "INTEGER"},
                            {"type", "VARCHAR"},
                            {"value", "DOUBLE"},
                            {"unit", "VARCHAR"},
                            {"file", "VARCHAR"},
                            {"offset", "BIGINT"},
                            {"ingest_time", "TIMESTAMP WITH TIME ZONE"}}));
  EXPECT_EQ(types(made, "silver_sensor_data").input, types(made, "bronze_sensor_data").output);
  EXPECT_EQ(types(made, "gold_building_hourly").output,
            (engine::Schema{{"building", "VARCHAR"},
                            {"type", "VARCHAR"},
                            {"hour", "TIMESTAMP WITH TIME ZONE"},
                            {"avg_value", "DOUBLE"},
                            {"min_value", "DOUBLE"},
                            {"max_value", "DOUBLE"},
                            {"readings", "BIGINT"}}));
}

TEST_F(PlanOf, AStarLeavesOutTheColumnsThatDescribeTheRecord) {
  write("lakeward.yaml", "project: t\n");
  write("pipelines/a.yaml",
        "pipeline: a\nfrom: {file: {path: x}}\ndecode: {json: {columns: {n: INTEGER}}}\n"
        "transform: SELECT *, _file, i.* FROM (SELECT n AS m, * FROM input) i, (SELECT 1 AS q)\n"
        "to: {console: }\n");
  write("pipelines/b.yaml",
        "pipeline: b\nfrom: {file: {path: x}}\ndecode: {json: {columns: {n: INTEGER}}}\n"
        "transform: SELECT * EXCLUDE (_raw), _file FROM input\nto: {console: }\n");
  loaded_ = load_project(folder_.path(), FixedVariables(), registry_);
  const auto database = std::move(engine::Database::open(engine::DatabaseOptions())).value();
  const auto made = make_plan(loaded_.project, registry_, *database, nullptr);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(types(*made, "b").output, (engine::Schema{{"n", "INTEGER"}, {"_file", "VARCHAR"}}));
  ASSERT_EQ(made->problems.size(), 2U);  // m and n are there twice in a
}

TEST_F(PlanOf, APipelineRunsBehindThoseThatItNamesWithAfter) {
  write("lakeward.yaml", "project: t\n");
  write("pipelines/a.yaml",
        "pipeline: a\nfrom: {file: {path: x}}\nto: {console: }\ntrigger: {after: [z, b]}\n");
  write("pipelines/b.yaml",
        "pipeline: b\nfrom: {file: {path: x}}\nto: {console: }\ntrigger: {after: z}\n");
  write("pipelines/z.yaml", "pipeline: z\nfrom: {file: {path: x}}\nto: {console: }\n");
  EXPECT_THAT(order(plan(folder_.path())), ElementsAre("z", "b", "a"));
}

TEST_F(PlanOf, APipelineRunsBehindThoseThatFillItsTopicOrFolder) {
  write("lakeward.yaml", "project: t\n");
  write("pipelines/a.yaml", "pipeline: a\nfrom: {file: {path: x}}\nto: {console: }\n");
  write("pipelines/b.yaml",
        "pipeline: b\nfrom: {file: {path: z}}\nto: [{console: }, {file: {path: x}}]\n");
  write("pipelines/c.yaml", "pipeline: c\nfrom: {file: {path: y}}\nto: {file: {path: z}}\n");
  const Plan made = plan(folder_.path());
  EXPECT_THAT(order(made), ElementsAre("c", "b", "a"));
  EXPECT_THAT(made.lineage.links[0].upstream, IsEmpty());
}

// Such as a topic of records that are to be tried again later.
TEST_F(PlanOf, RowsMayGoRoundThroughTopicsAndFolders) {
  write("lakeward.yaml", "project: t\n");
  write("pipelines/a.yaml", "pipeline: a\nfrom: {file: {path: x}}\nto: {file: {path: y}}\n");
  write("pipelines/b.yaml", "pipeline: b\nfrom: {file: {path: y}}\nto: {file: {path: z}}\n");
  write("pipelines/c.yaml",
        "pipeline: c\nfrom: {file: {path: z}}\nto: {file: {path: x}}\ntrigger: {after: a}\n");
  EXPECT_THAT(order(plan(folder_.path())), ElementsAre("a", "b", "c"));
}

TEST_F(PlanOf, ADeadLetterTableIsWrittenByItsPipeline) {
  write("lakeward.yaml", "project: t\n");
  write("pipelines/z.yaml",
        "pipeline: z\nfrom: {file: {path: x}}\ndecode: {json: {columns: {n: INTEGER}}}\n"
        "to: {console: }\n");
  write("pipelines/a.yaml",
        "pipeline: a\nfrom: {delta: {table: dead_letter.z}}\nto: {console: }\n");
  const Plan made = plan(folder_.path());
  EXPECT_THAT(order(made), ElementsAre("z", "a"));
  EXPECT_FALSE(types(made, "a").output.has_value());
}

TEST(LoadProject, ReadsSettingsAndKeepsPathsAbsolute) {
  test::TempFolder folder;
  std::ofstream(folder.path() / "lakeward.yaml")
      << "project: my-project\nlake: ./data/lake\nmemory: 512MiB\ntime_zone: Asia/Tokyo\n";
  const LoadedProject loaded = load_project(folder.path(), FixedVariables(), make_test_registry());
  EXPECT_THAT(loaded.problems, IsEmpty());
  EXPECT_EQ(loaded.project.name, "my-project");
  EXPECT_EQ(loaded.project.lake, (folder.path() / "data/lake").string());
  EXPECT_EQ(loaded.project.checkpoints, loaded.project.lake + "/_lakeward/checkpoints");
  EXPECT_EQ(loaded.project.memory_bytes, 512U << 20);
  EXPECT_EQ(loaded.project.time_zone, "Asia/Tokyo");
  EXPECT_THAT(loaded.project.pipelines, IsEmpty());
}

TEST(LoadProject, MakesTheSinkOfAViewOverwriteItsTable) {
  const LoadedProject loaded = load_project(test::source_folder() / "examples/sensors",
                                            FixedVariables(), make_test_registry());
  const Pipeline* gold = loaded.project.find("gold_building_hourly");
  ASSERT_NE(gold, nullptr);
  ASSERT_EQ(gold->sinks.size(), 1U);
  const config::Value* mode = gold->sinks[0].options.find("mode");
  ASSERT_NE(mode, nullptr);
  EXPECT_EQ(mode->text(), "overwrite");
}

TEST(MatchFiles, KnowsStarsFoldersOfAnyDepthAndHiddenFiles) {
  test::TempFolder folder;
  for (const char* file :
       {"a.yaml", "b.yml", "p/c.yaml", "p/q/d.yaml", "p/.hidden.yaml", ".h/e.yaml", "p/q/e.txt"}) {
    std::filesystem::create_directories((folder.path() / file).parent_path());
    std::ofstream(folder.path() / file) << "x";
  }
  const auto match = [&](const char* pattern) { return *match_files(folder.path(), pattern); };
  EXPECT_THAT(match("*.yaml"), ElementsAre("a.yaml"));
  EXPECT_THAT(match("?.y*ml"), ElementsAre("a.yaml", "b.yml"));
  EXPECT_THAT(match("[b-z].*"), ElementsAre("b.yml"));
  EXPECT_THAT(match("**/*.yaml"), ElementsAre("a.yaml", "p/c.yaml", "p/q/d.yaml"));
  EXPECT_THAT(match("p/**/*.yaml"), ElementsAre("p/c.yaml", "p/q/d.yaml"));
  EXPECT_THAT(match("p/c.yaml"), ElementsAre("p/c.yaml"));
  EXPECT_THAT(match("./p/c.yaml"), ElementsAre("p/c.yaml"));
  EXPECT_THAT(match("p/.*.yaml"), ElementsAre("p/.hidden.yaml"));
  EXPECT_THAT(match("nowhere/*.yaml"), IsEmpty());
  EXPECT_THAT(match("p"), IsEmpty());
}

}  // namespace
}  // namespace lakeward::project
