#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/delta/delta_connector.h"
#include "connectors/delta/offset.h"
#include "connectors/delta/options.h"
#include "delta/transaction.h"

namespace lakeward::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Epochs = std::vector<std::vector<std::string>>;
using DeltaSource = DeltaConnector;

TEST_F(DeltaSource, SaysThatAVacuumWasFasterThanTheReader) {
  append("SELECT 1 AS a");
  append("SELECT 2 AS a");
  SourceRun run = start();
  const auto to = run.plan(std::nullopt, {.rows = 1}, stream::PlanMode::kFollow).value();
  ASSERT_TRUE(to);
  const lakeward::delta::Snapshot snapshot = table().snapshot().value();
  for (const auto& file : snapshot.files) {
    ASSERT_TRUE(world.lake->remove("bronze/readings/" + file.path).ok());
  }
  const auto input = run.source().read({.range = {std::nullopt, *to}, .only = {}});
  EXPECT_EQ(input.status().code(), StatusCode::kCorruption);
  EXPECT_THAT(input.status().message(), HasSubstr("The pipeline is behind, at version 1"));
}

TEST_F(DeltaSource, WaitsForATableThatDoesNotExist) {
  SourceRun run = start();
  EXPECT_FALSE(run.plan(std::nullopt).value());
  EXPECT_FALSE(run.source().relation_schema().value());
  append("SELECT 1 AS a");
  const auto to = run.plan(std::nullopt).value();
  ASSERT_TRUE(to);
  EXPECT_THAT(read(run, {std::nullopt, *to}), ElementsAre("(1)"));
  EXPECT_EQ(run.source().relation_schema().value(), (engine::Schema{{"a", "INTEGER"}}));
}

TEST_F(DeltaSource, BeginsWithTheSnapshotAndFollowsTheCommits) {
  append("SELECT 1 AS a");
  append("SELECT 2 AS a");
  SourceRun run = start();
  const auto first = run.plan(std::nullopt).value();
  EXPECT_THAT(*first, HasSubstr("\"reservoirVersion\":2,\"index\":-1,\"isStartingVersion\":false"));
  EXPECT_THAT(read(run, {std::nullopt, *first}), ElementsAre("(1)", "(2)"));
  EXPECT_FALSE(run.plan(first).value());
  append("SELECT 3 AS a");
  append("SELECT 4 AS a");
  const auto second = run.plan(first).value();
  EXPECT_THAT(read(run, {first, *second}), ElementsAre("(3)", "(4)"));
}

TEST_F(DeltaSource, ReadsTheSameRangeAgainInAnotherProcess) {
  append("SELECT 1 AS a");
  append("SELECT 2 AS a");
  stream::Offset first, second;
  {
    SourceRun run = start();
    first = *run.plan(std::nullopt).value();
    append("SELECT 3 AS a");
    second = *run.plan(first).value();
  }
  append("SELECT 4 AS a");
  SourceRun run = start();
  EXPECT_THAT(read(run, {std::nullopt, first}), ElementsAre("(1)", "(2)"));
  EXPECT_THAT(read(run, {first, second}), ElementsAre("(3)"));
  EXPECT_EQ(drain(run, second), (Epochs{{"(4)"}}));
}

TEST_F(DeltaSource, KeepsToLimitsFileByFile) {
  append("SELECT range AS a FROM range(2)");
  append("SELECT range + 2 AS a FROM range(2)");
  append("SELECT range + 4 AS a FROM range(2)");
  SourceRun run = start();
  EXPECT_EQ(drain(run, std::nullopt, {.rows = 4}),
            (Epochs{{"(0)", "(1)", "(2)", "(3)"}, {"(4)", "(5)"}}));
  append("SELECT range + 6 AS a FROM range(2)");
  SourceRun next = start();
  const auto first = next.plan(std::nullopt, {.rows = 1}).value();
  EXPECT_THAT(*first, HasSubstr("\"index\":0,\"isStartingVersion\":true"));
  EXPECT_EQ(drain(next, first, {.bytes = 1}),
            (Epochs{{"(2)", "(3)"}, {"(4)", "(5)"}, {"(6)", "(7)"}}));
}

TEST_F(DeltaSource, DrainsOnlyWhatWasThereAtTheBeginning) {
  append("SELECT 1 AS a");
  SourceRun run = start();
  const auto first = run.plan(std::nullopt, {}, stream::PlanMode::kDrain).value();
  append("SELECT 2 AS a");
  EXPECT_FALSE(run.plan(first, {}, stream::PlanMode::kDrain).value());
}

TEST_F(DeltaSource, PassesOverCommitsWithoutRows) {
  append("SELECT 1 AS a");
  SourceRun run = start();
  const auto first = run.plan(std::nullopt).value();
  append("SELECT 1 AS a WHERE false");
  EXPECT_FALSE(run.plan(first).value());
  append("SELECT 2 AS a");
  const auto second = run.plan(first).value();
  EXPECT_THAT(read(run, {first, *second}), ElementsAre("(2)"));
}

TEST_F(DeltaSource, StartsWhereItIsTold) {
  append("SELECT 1 AS a");
  append("SELECT 2 AS a");
  append("SELECT 3 AS a");
  struct Case {
    std::string start;
    Epochs expected;
  };
  for (const Case& each : {Case{"version 1", {{"(2)", "(3)"}}}, Case{"latest", {}},
                           Case{"earliest", {{"(1)", "(2)", "(3)"}}},
                           Case{"2000-01-01T00:00:00Z", {{"(1)", "(2)", "(3)"}}}}) {
    SourceRun run = start({{"start", scalar(each.start)}});
    EXPECT_EQ(drain(run), each.expected) << each.start;
    ASSERT_TRUE(run.log().remove_file("begin").ok());
  }
}

TEST_F(DeltaSource, StopsAtAVersionThatOverwritesUnlessToldOtherwise) {
  append("SELECT 1 AS a");
  SourceRun run = start();
  const auto first = run.plan(std::nullopt).value();
  sink = make_sink({{"mode", scalar("overwrite")}});
  append("SELECT 2 AS a");
  const auto plan = run.plan(first);
  EXPECT_EQ(plan.status().code(), StatusCode::kConflict);
  EXPECT_THAT(plan.status().message(), HasSubstr("'on_change'"));
  SourceRun ignoring = start({{"on_change", scalar("ignore")}});
  EXPECT_EQ(drain(ignoring, first), (Epochs{{"(2)"}}));
  SourceRun skipping = start({{"on_change", scalar("skip")}});
  EXPECT_EQ(drain(skipping, first), Epochs{});
}

TEST_F(DeltaSource, SeesColumnsThatWereAdded) {
  append("SELECT 1 AS a");
  SourceRun run = start();
  const auto first = run.plan(std::nullopt).value();
  sink = make_sink({{"evolve_schema", scalar("true")}});
  append("SELECT 2 AS a, 'x' AS b");
  const auto second = run.plan(first).value();
  EXPECT_THAT(read(run, {first, *second}), ElementsAre("(2, x)"));
}

TEST_F(DeltaSource, RefusesATableThatWasMadeAgain) {
  append("SELECT 1 AS a");
  const auto first = start().plan(std::nullopt).value();
  std::filesystem::remove_all(world.folder.path() / "lake/bronze");
  sink = make_sink();
  append("SELECT 1 AS a");
  const auto plan = start().plan(first);
  EXPECT_EQ(plan.status().code(), StatusCode::kCorruption);
  EXPECT_THAT(plan.status().message(), HasSubstr("is another one than before"));
}

TEST_F(DeltaSource, RefusesALogThatNoLongerReachesBack) {
  append("SELECT 1 AS a");
  const auto first = start().plan(std::nullopt).value();
  for (int i = 0; i < 12; ++i) append("SELECT 2 AS a");
  sink.reset();  // finishes the checkpoint that is due
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(world.lake->remove(table().commit_path(i)).ok());
  }
  const auto plan = start().plan(first);
  EXPECT_EQ(plan.status().code(), StatusCode::kCorruption);
  EXPECT_THAT(plan.status().message(), HasSubstr("version 1 is to be read next"));
}

TEST_F(DeltaSource, NamesTheFileAndTheNumberOfEachRow) {
  append("SELECT range AS a FROM range(100)");
  append("SELECT range + 100 AS a FROM range(100)");
  SourceRun run = start();
  const auto to = *run.plan(std::nullopt).value();
  const auto relation = std::get<stream::InputRelation>(
      run.source().read({.range = {std::nullopt, to}, .only = {}}).value());
  EXPECT_THAT(rows("SELECT a FROM (" + relation.select + ") WHERE _position IN (" +
                   std::to_string(format::Position::make(0, 7)) + ", " +
                   std::to_string(format::Position::make(1, 99)) + ")"),
              ElementsAre("(199)", "(7)"));
  ASSERT_EQ(relation.files.size(), 2u);
  for (const std::string& file : relation.files) {
    EXPECT_TRUE(std::filesystem::exists(world.folder.path() / "lake" / file)) << file;
  }
}

TEST(DeltaOffset, IsSparks) {
  using connectors::delta::TableOffset;
  const TableOffset offset{"id-1", 12, -1, false};
  EXPECT_EQ(offset.to_json(),
            "{\"sourceVersion\":1,\"reservoirId\":\"id-1\",\"reservoirVersion\":12,\"index\":-1,"
            "\"isStartingVersion\":false}");
  EXPECT_EQ(TableOffset::parse(offset.to_json()).value(), offset);
  EXPECT_EQ(
      TableOffset::parse("{\"sourceVersion\":3,\"reservoirId\":\"id-1\","
                         "\"reservoirVersion\":12,\"index\":-100,\"isStartingVersion\":false}")
          .value(),
      offset);
  EXPECT_EQ(TableOffset::parse("{\"logOffset\":1}").status().code(), StatusCode::kCorruption);
}

TEST(DeltaOptions, AreCheckedByName) {
  World world;
  config::Problems problems;
  world.registry.source("delta")->check(
      options({{"table", scalar("a..b")}, {"start", scalar("yesterday")}}), problems);
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_THAT(problems[0].message, HasSubstr("a part of it is empty"));
  EXPECT_THAT(problems[1].message, HasSubstr("not 'yesterday'"));
}

}  // namespace
}  // namespace lakeward::test
