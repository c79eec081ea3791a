#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "connectors/delta/delta_connector.h"
#include "delta/transaction.h"

namespace lakeward::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using DeltaSink = DeltaConnector;

TEST_F(DeltaSink, AppendsEachEpochOnce) {
  append("SELECT 1 AS a");
  append("SELECT 2 AS a");
  EXPECT_EQ(sink->committer().last_committed().value(), 1);
  // A repeat, by this process and by the next.
  ASSERT_TRUE(put(world, *sink, "SELECT 2 AS a", 1).ok());
  const auto again = make_sink();
  ASSERT_TRUE(put(world, *again, "SELECT 2 AS a", 1).ok());
  EXPECT_EQ(again->committer().last_committed().value(), 1);
  EXPECT_THAT(table_rows(), ElementsAre("(1)", "(2)"));
}

TEST_F(DeltaSink, KnowsNothingOfATableThatIsNotThere) {
  EXPECT_EQ(sink->committer().last_committed().value(), std::nullopt);
}

TEST_F(DeltaSink, MakesATableOfNoRowsButNoVersionOfNone) {
  append("SELECT 1 AS a WHERE false");
  EXPECT_EQ(sink->committer().last_committed().value(), 0);
  EXPECT_THAT(table_rows(), IsEmpty());
  append("SELECT 1 AS a WHERE false");
  EXPECT_EQ(sink->committer().last_committed().value(), 0);
  append("SELECT 1 AS a");
  EXPECT_EQ(sink->committer().last_committed().value(), 2);
  EXPECT_EQ(table().snapshot().value().state.version, 1);
}

TEST_F(DeltaSink, WritesTheAccountingIntoTheLog) {
  const auto session = world.database->make_session().value();
  auto written = sink->writer().write(*session, "SELECT 1 AS a", {0, {}}).value();
  ASSERT_TRUE(
      sink->committer()
          .commit({0, {}}, std::move(written), {.read = 3, .written = 1, .dead_lettered = 2})
          .ok());
  const auto commit = table().read_commit(0).value();
  EXPECT_EQ(commit.info->operation_metrics.at("numOutputRows"), "1");
  EXPECT_EQ(commit.info->operation_metrics.at("numReadRecords"), "3");
  EXPECT_EQ(commit.info->operation_metrics.at("numDeadLetteredRecords"), "2");
  EXPECT_EQ(commit.info->operation_parameters.at("epochId"), "0");
  EXPECT_EQ(commit.txns.at(0).app_id, "q");
}

TEST_F(DeltaSink, PartitionsByColumns) {
  sink = make_sink({{"partition_by", scalar("b")}});
  append("SELECT range AS a, range % 2 AS b FROM range(4)");
  EXPECT_THAT(table_rows(), ElementsAre("(0, 0)", "(1, 1)", "(2, 0)", "(3, 1)"));
  EXPECT_THAT(table().state().value().metadata.partition_columns, ElementsAre("b"));
  const Status other = make_sink({{"partition_by", scalar("a")}})
                           ->writer()
                           .check({{"a", "BIGINT"}, {"b", "BIGINT"}});
  EXPECT_THAT(other.message(), HasSubstr("partitioned by b, not by a"));
}

TEST_F(DeltaSink, RefusesColumnsThatDoNotFitBeforeAnythingIsRead) {
  append("SELECT 1 AS a");
  const Status status = make_sink()->writer().check({{"a", "INTEGER"}, {"c", "VARCHAR"}});
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("'c'"));
}

TEST_F(DeltaSink, AddsColumnsIfTheSchemaMayEvolve) {
  append("SELECT 1 AS a");
  sink = make_sink({{"evolve_schema", scalar("true")}});
  append("SELECT 2 AS a, 'x' AS c");
  EXPECT_THAT(table_rows(), ElementsAre("(1, NULL)", "(2, x)"));
}

TEST_F(DeltaSink, OverwritesTheWholeTableAndItsSchema) {
  sink = make_sink({{"mode", scalar("overwrite")}});
  append("SELECT 1 AS a, 'x' AS b");
  append("SELECT 2 AS a, 5.5::DOUBLE AS c");
  EXPECT_THAT(table_rows(), ElementsAre("(2, 5.5)"));
  ASSERT_TRUE(put(world, *sink, "SELECT 9 AS a, 5.5::DOUBLE AS c", 1).ok());
  EXPECT_THAT(table_rows(), ElementsAre("(2, 5.5)"));
  append("SELECT 3 AS a, 5.5::DOUBLE AS c WHERE false");
  EXPECT_THAT(table_rows(), IsEmpty());
}

// The next epoch could only be written for a table that is not there yet.
TEST_F(DeltaSink, DoesNotOverlapACommitThatChangesTheTable) {
  const auto session = world.database->make_session().value();
  const auto overlaps = [&](stream::Sink& writing, const std::string& select) {
    return writing.writer().write(*session, select, {next_epoch, {}}).value().overlaps;
  };
  EXPECT_FALSE(overlaps(*sink, "SELECT 1 AS a")) << "it makes the table";
  append("SELECT 1 AS a");
  EXPECT_TRUE(overlaps(*sink, "SELECT 1 AS a"));
  const auto evolving = make_sink({{"evolve_schema", scalar("true")}});
  EXPECT_TRUE(overlaps(*evolving, "SELECT 1 AS a"));
  EXPECT_FALSE(overlaps(*evolving, "SELECT 1 AS a, 2 AS b")) << "it adds a column";
  const auto overwriting = make_sink({{"mode", scalar("overwrite")}});
  EXPECT_FALSE(overlaps(*overwriting, "SELECT 1 AS a"));
}

TEST_F(DeltaSink, AsksForARepetitionWhenAnotherWriterHasChangedTheSchema) {
  append("SELECT 1 AS a");
  const auto session = world.database->make_session().value();
  stream::Committable first = sink->writer().write(*session, "SELECT 2 AS a", {1, {}}).value();
  const auto evolving = make_sink({{"evolve_schema", scalar("true")}}, "another");
  ASSERT_TRUE(put(world, *evolving, "SELECT 10 AS a, 20 AS b", 0).ok());
  // This one is written for the new schema, and takes note of it before the first is committed.
  stream::Committable second = sink->writer().write(*session, "SELECT 3 AS a", {2, {}}).value();
  const Status changed = sink->committer().commit({1, {}}, std::move(first), {});
  EXPECT_EQ(changed.code(), StatusCode::kUnavailable);
  EXPECT_THAT(changed.message(), HasSubstr("has changed the schema or properties of the table"));
  sink->writer().discard(std::move(second));
  ASSERT_TRUE(put(world, *sink, "SELECT 2 AS a", 1).ok());
  EXPECT_THAT(table_rows(), ElementsAre("(1, NULL)", "(10, 20)", "(2, NULL)"));
}

TEST_F(DeltaSink, LeavesNoFileOfAnEpochThatIsDiscarded) {
  append("SELECT 1 AS a");
  const size_t before = world.lake->list_recursive("bronze/readings")->size();
  const auto session = world.database->make_session().value();
  auto written = sink->writer().write(*session, "SELECT 2 AS a", {1, {}}).value();
  EXPECT_GT(world.lake->list_recursive("bronze/readings")->size(), before);
  sink->writer().discard(std::move(written));
  EXPECT_EQ(world.lake->list_recursive("bronze/readings")->size(), before);
}

// Appends numbers until the condition holds, or many epochs have passed.
template <typename Condition>
int append_until(const std::function<void(const std::string&)>& append, Condition holds) {
  constexpr int kMany = 2'000;
  int count = 0;
  while (count < kMany && !(count > 20 && holds())) {
    append("SELECT " + std::to_string(count++) + " AS a");
  }
  EXPECT_LT(count, kMany);
  return count;
}

TEST_F(DeltaSink, MergesItsSmallFilesWhileItAppends) {
  SourceRun reader = start();
  const int count = append_until([this](const std::string& select) { append(select); },
                                 [this] { return table().snapshot()->files.size() < 16; });
  EXPECT_EQ(table_rows().size(), static_cast<size_t>(count));
  EXPECT_EQ(sink->committer().last_committed().value(), next_epoch - 1);
  EXPECT_EQ(sink->problem(), "");
  // Who follows the table reads every row once, as it was appended.
  size_t read_rows = 0;
  for (const auto& epoch : drain(reader)) read_rows += epoch.size();
  EXPECT_EQ(read_rows, static_cast<size_t>(count));
  sink.reset();  // ends the merging, whatever it does
  EXPECT_EQ(table_rows().size(), static_cast<size_t>(count));
}

TEST_F(DeltaSink, AReaderBetweenTwoEpochsDoesNotSeeAMergeAsNewRows) {
  append("SELECT -1 AS a");
  SourceRun reader = start();
  const auto first = reader.plan(std::nullopt, {}, stream::PlanMode::kFollow).value();
  ASSERT_TRUE(first);
  const int count = append_until([this](const std::string& select) { append(select); },
                                 [this] { return table().snapshot()->files.size() < 16; });
  size_t read_rows = 0;
  for (const auto& epoch : drain(reader, *first)) read_rows += epoch.size();
  EXPECT_EQ(read_rows, static_cast<size_t>(count));
}

TEST_F(DeltaSink, DoesNotMergeWhenItIsToldSo) {
  sink = make_sink({{"compact", scalar("off")}});
  for (int i = 0; i < 40; ++i) append("SELECT 1 AS a");
  sink.reset();
  EXPECT_EQ(table().snapshot()->files.size(), 40u);
}

TEST_F(DeltaSink, AppendsOnWhenFilesCannotBeMergedAndSaysSo) {
  append("SELECT -1 AS a");
  const std::string lost = table().snapshot()->files.at(0).path;
  ASSERT_TRUE(world.lake->remove("bronze/readings/" + lost).ok());
  append_until([this](const std::string& select) { append(select); },
               [this] { return !sink->problem().empty(); });
  EXPECT_THAT(sink->problem(), HasSubstr(lost));
  append("SELECT 1 AS a");
  EXPECT_EQ(sink->committer().last_committed().value(), next_epoch - 1);
}

TEST_F(DeltaSink, WritesCheckpointsBesideItsCommits) {
  sink = make_sink({{"compact", scalar("off")}});
  for (int i = 0; i < 25; ++i) append("SELECT 1 AS a");
  sink.reset();  // finishes what is due
  EXPECT_EQ(table().state()->checkpoint, 20);
  EXPECT_EQ(table_rows().size(), 25u);
  // So does whoever goes on with the table.
  sink = make_sink({{"compact", scalar("off")}});
  for (int i = 0; i < 10; ++i) append("SELECT 1 AS a");
  sink.reset();
  EXPECT_EQ(table().state()->checkpoint, 30);
  EXPECT_EQ(table_rows().size(), 35u);
}

TEST_F(DeltaSink, AppendsOnWhenACheckpointCannotBeWrittenAndSaysSo) {
  const std::string in_the_way = "bronze/readings/_delta_log/_last_checkpoint";
  ASSERT_TRUE(world.lake->put(in_the_way + "/file", "").ok());
  append_until([this](const std::string& select) { append(select); },
               [this] { return !sink->problem().empty(); });
  EXPECT_THAT(sink->problem(), HasSubstr("the table's log cannot be kept short"));
  ASSERT_TRUE(world.lake->remove(in_the_way + "/file").ok());
  std::filesystem::remove(world.lake->root() + "/" + in_the_way);
  append_until([this](const std::string& select) { append(select); },
               [this] { return sink->problem().empty(); });
}

}  // namespace
}  // namespace lakeward::test
