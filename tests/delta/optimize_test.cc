#include "delta/optimize.h"

#include <gmock/gmock.h>

#include "delta_fixture.h"

namespace lakeward::delta {
namespace {

using test::Fault;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class DeltaOptimize : public DeltaTest {
 protected:
  OptimizeReport run(Table& table, OptimizeOptions options = {}) {
    OptimizeReport report = must(delta::optimize(table, options, clock_, {}, {}));
    must(report.maintenance);
    return report;
  }
  // A table of so many files with a row each, in two partitions.
  void make_partitioned(Table& table, int commits) {
    TableWriter writer =
        open_writer(table, "SELECT 1 AS a, DATE '2026-01-01' AS day",
                    {.schema = {}, .partition_by = {"day"}, .properties = {}, .description = {}});
    for (int i = 0; i < commits; ++i) {
      append(writer, "SELECT " + std::to_string(i) + " AS a, d::DATE AS day FROM (VALUES " +
                         "('2026-01-01'), ('2026-01-02')) v(d)");
    }
  }
  uint64_t count(const Table& table) { return must(table.snapshot()).files.size(); }
};

TEST_F(DeltaOptimize, MergesSmallFilesAndKeepsEveryRow) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a, 'x' AS b");
  for (int i = 0; i < 5; ++i)
    append(writer, "SELECT " + std::to_string(i) + " AS a, NULL::VARCHAR AS b", i);
  const std::vector<std::string> before = rows(table);
  const OptimizeReport report = run(table);
  EXPECT_EQ(report.totals.files_removed, 5u);
  EXPECT_EQ(report.totals.files_added, 1u);
  EXPECT_EQ(report.totals.rows, 5u);
  EXPECT_EQ(rows(table), before);
  ASSERT_THAT(must(table.snapshot()).files, SizeIs(1));
  EXPECT_THAT(must(table.snapshot()).files[0].stats,
              HasSubstr(R"("numRecords":5,"minValues":{"a":0},"maxValues":{"a":4})"));
  // An older version is made of the old files.
  EXPECT_EQ(rows_of(must(scan(table, must(table.snapshot_at(4))))), before);
  EXPECT_THAT(must(table.snapshot_at(4)).files, SizeIs(5));
  EXPECT_EQ(run(table).totals.commits, 0u);
}

TEST_F(DeltaOptimize, CommitsAsDeltaDoes) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a");
  append(writer, "SELECT 1 AS a", 7);
  append(writer, "SELECT 2 AS a", 8);
  run(table);
  const CommitActions commit = must(table.read_commit(2));
  ASSERT_TRUE(commit.info);
  EXPECT_EQ(commit.info->operation, "OPTIMIZE");
  EXPECT_EQ(commit.info->operation_parameters.at("predicate"), "[]");
  EXPECT_EQ(commit.info->operation_parameters.at("auto"), "false");
  EXPECT_EQ(commit.info->operation_metrics.at("numAddedFiles"), "1");
  EXPECT_EQ(commit.info->operation_metrics.at("numRemovedFiles"), "2");
  EXPECT_EQ(commit.info->operation_metrics.at("maxFileSize"),
            std::to_string(commit.adds.at(0).size));
  EXPECT_EQ(commit.info->is_blind_append, false);
  EXPECT_TRUE(commit.txns.empty());
  for (const AddFile& add : commit.adds) EXPECT_FALSE(add.data_change);
  for (const RemoveFile& remove : commit.removes) EXPECT_FALSE(remove.data_change);
  EXPECT_EQ(must(TableWriter::open(table, clock_)).last_txn("pipeline"), 8);
}

TEST_F(DeltaOptimize, MergesWithinPartitionsOnly) {
  Table table = open_table();
  make_partitioned(table, 3);
  const std::vector<std::string> before = rows(table);
  const OptimizeReport report = run(table);
  EXPECT_EQ(report.partitions, 2u);
  EXPECT_EQ(rows(table), before);
  const Snapshot snapshot = must(table.snapshot());
  ASSERT_THAT(snapshot.files, SizeIs(2));
  EXPECT_THAT(snapshot.files[0].path, HasSubstr("day=2026-01-01/part-"));
  EXPECT_EQ(snapshot.files[0].partition_values.at("day"), "2026-01-01");
  EXPECT_EQ(snapshot.files[1].partition_values.at("day"), "2026-01-02");
}

TEST_F(DeltaOptimize, TakesOnlyThePartitionsThatAreAskedFor) {
  Table table = open_table();
  make_partitioned(table, 3);
  OptimizeOptions options{.where = "day >= '2026-01-02' -- the second"};
  EXPECT_EQ(run(table, options).totals.files_removed, 3u);
  EXPECT_EQ(count(table), 4u);
  const auto wrong = delta::optimize(table, {.where = "a = 1"}, clock_, {}, {});
  EXPECT_EQ(wrong.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(wrong.status().message(), HasSubstr("partitioned by (day)"));
}

TEST_F(DeltaOptimize, KeepsPartitionValuesAsTheyAre) {
  Table table = open_table();
  const std::string select =
      "SELECT 1 AS a, p, t FROM (VALUES (NULL, NULL), ('a/b=c d%', TIMESTAMPTZ '2026-01-01 "
      "10:00:00Z'), ('''', NULL)) v(p, t)";
  TableWriter writer =
      open_writer(table, select,
                  {.schema = {}, .partition_by = {"p", "t"}, .properties = {}, .description = {}});
  for (int i = 0; i < 3; ++i) append(writer, select);
  const std::vector<std::string> before = rows(table);
  EXPECT_EQ(run(table).totals.files_added, 3u);
  EXPECT_EQ(rows(table), before);
}

TEST_F(DeltaOptimize, GivesOldFilesTheColumnsThatWereAddedLater) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a");
  append(writer, "SELECT 1 AS a");
  const std::string wider = "SELECT 2 AS a, {'x': 3} AS s";
  const WritePlan plan =
      must(plan_write(must(session_->describe(wider)), writer.state().schema, true, "t"));
  CommitRequest request;
  request.adds = must(write_files(*session_, wider, plan, store_, "t", {}, clock_)).adds;
  request.new_schema = plan.schema;
  must(writer.commit(request));
  append(writer, "SELECT 3 AS a");
  EXPECT_EQ(run(table).totals.files_added, 1u);
  EXPECT_THAT(rows(table), ElementsAre("(1, NULL)", "(2, {'x': 3})", "(3, NULL)"));
}

TEST_F(DeltaOptimize, PacksFilesUpToTheTargetSize) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a");
  for (int i = 0; i < 6; ++i) append(writer, "SELECT 1 AS a");
  const auto size = static_cast<uint64_t>(must(table.snapshot()).files[0].size);
  OptimizeOptions options;
  options.target_bytes = 2 * size + 1;
  EXPECT_EQ(run(table, options).totals.files_added, 3u);
  options.target_bytes = size;  // none is smaller
  EXPECT_EQ(run(table, options).totals.files_added, 0u);
}

TEST_F(DeltaOptimize, OnlySaysWhatADryRunWouldDo) {
  Table table = open_table();
  make_partitioned(table, 3);
  store_.inject({.call = 1'000'000});
  OptimizeOptions options;
  options.dry_run = true;
  const OptimizeReport report = run(table, options);
  EXPECT_EQ(report.totals.files_removed, 6u);
  EXPECT_EQ(report.totals.files_added, 2u);
  EXPECT_EQ(count(table), 6u);
  for (const std::string& call : store_.calls()) {
    EXPECT_FALSE(call.starts_with("put") || call.starts_with("stage")) << call;
  }
}

TEST_F(DeltaOptimize, MergesATableThatOnlyTakesAppends) {
  Table table = open_table();
  NewTable definition;
  definition.properties = {{"delta.appendOnly", "true"}};
  TableWriter writer = open_writer(table, "SELECT 1 AS a", definition);
  for (int i = 0; i < 3; ++i) append(writer, "SELECT 1 AS a");
  EXPECT_EQ(run(table).totals.files_added, 1u);
}

TEST_F(DeltaOptimize, RefusesToCommitWhatIsNotAllRows) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a");
  append(writer, "SELECT 1 AS a");
  CommitRequest request = append_request(writer, "SELECT 2 AS a");
  const std::string stated = "\"numRecords\":1";
  request.adds[0].stats.replace(request.adds[0].stats.find(stated), stated.size(),
                                "\"numRecords\":2");
  must(writer.commit(request));
  const auto report = delta::optimize(table, {}, clock_, {}, {});
  EXPECT_EQ(report.status().code(), StatusCode::kInternal);
  EXPECT_THAT(report.status().message(), HasSubstr("have 3 rows by their statistics, and 2"));
  EXPECT_EQ(must(table.latest_version()), 1);
  EXPECT_THAT(must(real_store_->list("t")), SizeIs(2));  // the merged one is gone again
}

TEST_F(DeltaOptimize, ReadsTheFilesWhereStatisticsAreMissing) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a");
  for (int i = 0; i < 2; ++i) {
    CommitRequest request = append_request(writer, "SELECT 1 AS a");
    request.adds[0].stats.clear();
    must(writer.commit(request));
  }
  EXPECT_EQ(run(table).totals.rows, 2u);
}

// Another writer's commit comes between the merge and its commit: at the first put_if_absent.
class WithOtherWriter : public DeltaOptimize {
 protected:
  template <typename Act>
  OptimizeReport run_beside(Table& table, Act act) {
    bool done = false;
    return must(delta::optimize(table, {}, clock_,
                                [&](const OptimizeProgress&) {
                                  if (!std::exchange(done, true)) act();
                                },
                                {}));
  }
};

TEST_F(WithOtherWriter, GoesOnBesideAnAppend) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a");
  for (int i = 0; i < 3; ++i) append(writer, "SELECT 1 AS a");
  const OptimizeReport report = run_beside(table, [&] { append(writer, "SELECT 2 AS a"); });
  EXPECT_EQ(report.version, 4);
  EXPECT_EQ(report.totals.groups_dropped, 0u);
  EXPECT_THAT(rows(table), ElementsAre("(1)", "(1)", "(1)", "(2)"));
  append(writer, "SELECT 3 AS a");  // nor is the merge in the appending writer's way
  EXPECT_EQ(count(table), 3u);
}

TEST_F(WithOtherWriter, DropsOnlyTheGroupThatLostAFile) {
  Table table = open_table();
  make_partitioned(table, 3);
  TableWriter other = must(TableWriter::open(table, clock_));
  const OptimizeReport report = run_beside(table, [&] {
    CommitRequest request;
    const Snapshot snapshot = must(table.snapshot());
    request.removes = {remove_of(snapshot.files[0], clock_.now())};
    request.operation = "DELETE";
    must(other.commit(request));
  });
  EXPECT_EQ(report.totals.groups_dropped, 1u);
  EXPECT_EQ(report.totals.files_removed, 3u);
  EXPECT_THAT(rows(table), SizeIs(5));
  EXPECT_EQ(count(table), 3u);
}

TEST_F(WithOtherWriter, LeavesATableWhoseSchemaIsChangedAsItIs) {
  Table table = open_table();
  make_partitioned(table, 3);
  TableWriter other = must(TableWriter::open(table, clock_));
  const OptimizeReport report = run_beside(table, [&] {
    CommitRequest request;
    TableSchema schema = other.state().schema;
    schema.push_back({.name = "b", .type = {.primitive = "long", .fields = {}}});
    request.new_schema = schema;
    must(other.commit(request));
  });
  EXPECT_EQ(report.totals.groups_dropped, 2u);
  EXPECT_EQ(count(table), 6u);
  EXPECT_EQ(run(table).totals.files_added, 2u);
}

TEST_F(DeltaOptimize, LosesNoRowWhicheverCallFails) {
  for (const auto when : {Fault::kBefore, Fault::kAfter}) {
    for (size_t call = 0;; ++call) {
      const std::string path = "t" + std::to_string(call) + (when == Fault::kAfter ? "a" : "b");
      Table table = open_table(path);
      TableWriter writer = open_writer(table, "SELECT 1 AS a");
      for (int i = 0; i < 3; ++i) {
        CommitRequest request;
        request.adds = write(writer, "SELECT " + std::to_string(i) + " AS a", path);
        must(writer.commit(request));
      }
      store_.inject({.call = call, .when = when});
      const auto report = delta::optimize(table, {}, clock_, {}, {});
      const bool happened = store_.happened();
      store_.heal();
      ASSERT_THAT(rows(table), ElementsAre("(0)", "(1)", "(2)")) << "call " << call;
      must(delta::optimize(table, {}, clock_, {}, {}).status());
      ASSERT_THAT(rows(table), ElementsAre("(0)", "(1)", "(2)")) << "call " << call;
      ASSERT_EQ(count(table), 1u) << "call " << call;
      if (!happened) {
        EXPECT_TRUE(report.ok());
        EXPECT_GT(call, 5u);
        break;
      }
    }
  }
}

TEST_F(DeltaOptimize, EndsAtAStopAndKeepsWhatIsDone) {
  Table table = open_table();
  make_partitioned(table, 3);
  std::stop_source stop;
  const auto report = delta::optimize(
      table, {}, clock_, [&](const OptimizeProgress&) { stop.request_stop(); }, stop.get_token());
  EXPECT_EQ(report.status().code(), StatusCode::kCancelled);
  EXPECT_EQ(count(table), 4u);
  EXPECT_EQ(rows(table).size(), 6u);
}

}  // namespace
}  // namespace lakeward::delta
