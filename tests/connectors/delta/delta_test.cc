#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "connectors/delta/offset.h"
#include "connectors/delta/options.h"
#include "connectors/source_driver.h"
#include "delta/scan.h"
#include "delta/table.h"
#include "delta/transaction.h"

namespace lakeward::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kTable = "bronze.readings";

// A sink and, over the same lake, whatever reads from it.
class DeltaConnector : public ::testing::Test {
 protected:
  std::unique_ptr<stream::Sink> make_sink(OptionList more = {}, const std::string& query = "q") {
    more.emplace_back("table", scalar(kTable));
    auto sink = world.registry.sink("delta")->make(
        {.pipeline = "p", .query_id = query, .options = options(more)}, world.environment);
    EXPECT_TRUE(sink.ok()) << sink.status().message();
    return std::move(sink).value();
  }
  static Status put(World& world, stream::Sink& sink, const std::string& select, int64_t epoch) {
    const auto session = world.database->make_session().value();
    ASSIGN_OR_RETURN(stream::Committable written,
                     sink.writer().write(*session, select, {epoch, world.clock.now()}));
    return sink.committer().commit({epoch, world.clock.now()}, std::move(written), {});
  }
  void append(const std::string& select) {
    world.clock.advance(Duration{1'000'000});
    const Status status = put(world, *sink, select, next_epoch++);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  lakeward::delta::Table table() {
    return lakeward::delta::Table::open(*world.lake, "bronze/readings", *world.database).value();
  }
  // The rows of a SELECT as text, sorted.
  std::vector<std::string> rows(const std::string& select) {
    const auto session = world.database->make_session().value();
    const auto rows =
        session->query("SELECT CAST(row(*COLUMNS(*)) AS VARCHAR) FROM (" + select + ") ORDER BY 1");
    EXPECT_TRUE(rows.ok()) << rows.status().message();
    std::vector<std::string> texts;
    for (size_t i = 0; rows.ok() && i < rows->size(); ++i) texts.push_back(rows->text(i, 0));
    return texts;
  }
  std::vector<std::string> table_rows() {
    const lakeward::delta::Table opened = table();
    return rows(lakeward::delta::scan(opened, opened.snapshot().value()).value().sql);
  }

  SourceRun start(OptionList more = {}) {
    more.emplace_back("table", scalar(kTable));
    SourceRun run(world, "delta", options(more));
    const Status status = run.attach();
    EXPECT_TRUE(status.ok()) << status.message();
    return run;
  }
  std::vector<std::string> read(SourceRun& run, const stream::OffsetRange& range) {
    const auto input = run.source().read({.range = range, .only = {}});
    EXPECT_TRUE(input.ok()) << input.status().message();
    if (!input.ok()) return {};
    return rows("SELECT * EXCLUDE (_position) FROM (" +
                std::get<stream::InputRelation>(*input).select + ")");
  }
  // Epoch by epoch, until nothing is left.
  std::vector<std::vector<std::string>> drain(SourceRun& run,
                                              std::optional<stream::Offset> from = std::nullopt,
                                              stream::Limits limits = {}) {
    std::vector<std::vector<std::string>> epochs;
    while (true) {
      const auto to = run.plan(from, limits, stream::PlanMode::kDrain);
      EXPECT_TRUE(to.ok()) << to.status().message();
      if (!to.ok() || !*to) return epochs;
      epochs.push_back(read(run, {from, **to}));
      from = **to;
    }
  }

  World world;
  int64_t next_epoch = 0;
  std::unique_ptr<stream::Sink> sink = make_sink();
};

using Epochs = std::vector<std::vector<std::string>>;
using DeltaSink = DeltaConnector;
using DeltaSource = DeltaConnector;

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

TEST_F(DeltaSink, CommitsAnEpochWithoutRows) {
  append("SELECT 1 AS a WHERE false");
  EXPECT_EQ(sink->committer().last_committed().value(), 0);
  EXPECT_THAT(table_rows(), IsEmpty());
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
