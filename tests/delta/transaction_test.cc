#include "delta/transaction.h"

#include <gmock/gmock.h>

#include <thread>

#include "delta_fixture.h"

namespace lakeward::delta {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using DeltaCommit = DeltaTest;

TEST_F(DeltaCommit, MakesTheTableWithTheFirstRows) {
  Table table = open_table();
  EXPECT_FALSE(must(table.exists()));
  EXPECT_EQ(table.snapshot().status().code(), StatusCode::kNotFound);
  TableWriter writer = open_writer(table, "SELECT 1 AS a, 'x' AS b");
  EXPECT_EQ(writer.state().version, -1);
  EXPECT_EQ(append(writer, "SELECT 1 AS a, 'x' AS b").version, 0);
  EXPECT_EQ(append(writer, "SELECT 2 AS a, NULL::VARCHAR AS b").version, 1);
  EXPECT_THAT(rows(table), ElementsAre("(1, x)", "(2, NULL)"));
  const Snapshot snapshot = must(table.snapshot());
  EXPECT_EQ(snapshot.state.protocol, Protocol{});
  EXPECT_EQ(snapshot.state.version, 1);
  EXPECT_TRUE(must(table.exists()));
}

TEST_F(DeltaCommit, WritesInfoThatOthersCanRead) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a");
  CommitRequest request = append_request(writer, "SELECT 1 AS a", 7);
  request.operation = "STREAMING UPDATE";
  request.operation_parameters = {{"outputMode", "Append"}, {"epochId", "7"}};
  request.operation_metrics = {{"numOutputRows", "1"}};
  request.user_metadata = "from the test";
  must(writer.commit(request));
  const CommitActions commit = must(table.read_commit(0));
  ASSERT_TRUE(commit.info);
  EXPECT_EQ(commit.info->operation, "STREAMING UPDATE");
  EXPECT_EQ(commit.info->operation_parameters.at("epochId"), "7");
  EXPECT_EQ(commit.info->operation_metrics.at("numOutputRows"), "1");
  EXPECT_EQ(commit.info->is_blind_append, true);
  EXPECT_EQ(commit.info->engine_info, "Lakeward/0.1.0");
  ASSERT_EQ(commit.txns.size(), 1u);
  EXPECT_EQ(commit.txns[0].version, 7);
  EXPECT_GT(commit.txns[0].updated_ms.value_or(0), 1'600'000'000'000);
}

TEST_F(DeltaCommit, RetriesWhenAnotherWriterTakesTheVersion) {
  Table table = open_table();
  TableWriter one = open_writer(table, "SELECT 1 AS a");
  append(one, "SELECT 0 AS a");
  TableWriter other = must(TableWriter::open(table, clock_));
  EXPECT_EQ(append(one, "SELECT 1 AS a").version, 1);
  EXPECT_EQ(append(other, "SELECT 2 AS a").version, 2);
  EXPECT_EQ(append(one, "SELECT 3 AS a").version, 3);
  EXPECT_THAT(rows(table), ElementsAre("(0)", "(1)", "(2)", "(3)"));
}

TEST_F(DeltaCommit, TakesEveryRowOfManyConcurrentWriters) {
  {
    Table table = open_table();
    TableWriter writer = open_writer(table, "SELECT 1 AS a");
    append(writer, "SELECT -1 AS a");
  }
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::vector<std::string> failures;
  for (int thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&, thread] {
      auto table = Table::open(store_, "t", database());
      auto writer = TableWriter::open(*table, clock_);
      for (int i = 0; i < 15; ++i) {
        CommitRequest request;
        AddFile add;
        add.path = "f" + std::to_string(thread) + "-" + std::to_string(i);
        request.adds = {add};
        request.txn = Txn{"writer" + std::to_string(thread), i, std::nullopt};
        const auto outcome = writer->commit(request);
        const Status status = outcome.ok() ? outcome->maintenance : outcome.status();
        std::lock_guard lock(mutex);
        if (!status.ok()) failures.push_back(status.message());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(failures, IsEmpty());
  const Snapshot snapshot = must(open_table().snapshot());
  EXPECT_EQ(snapshot.state.version, 45);
  EXPECT_EQ(snapshot.files.size(), 46u);
}

TEST_F(DeltaCommit, DoesNothingForATransactionThatIsInTheTable) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a");
  append(writer, "SELECT 1 AS a", 4);
  for (const int64_t epoch : {4, 3}) {
    const CommitOutcome outcome = append(writer, "SELECT 2 AS a", epoch);
    EXPECT_TRUE(outcome.already_committed);
    EXPECT_EQ(outcome.version, 0);
  }
  // Also for a writer that learns of it only when it loses the race for the version.
  TableWriter late = must(TableWriter::open(table, clock_));
  append(writer, "SELECT 5 AS a", 5);
  EXPECT_TRUE(append(late, "SELECT 5 AS a", 5).already_committed);
  EXPECT_THAT(rows(table), ElementsAre("(1)", "(5)"));
  EXPECT_EQ(late.last_txn("pipeline"), 5);
  EXPECT_EQ(late.last_txn("another"), std::nullopt);
}

TEST_F(DeltaCommit, SaysThatAPipelineRunsTwice) {
  Table table = open_table();
  TableWriter one = open_writer(table, "SELECT 1 AS a");
  append(one, "SELECT 1 AS a", 0);
  TableWriter other = must(TableWriter::open(table, clock_));
  append(one, "SELECT 1 AS a", 1);
  const auto outcome = other.commit(append_request(other, "SELECT 2 AS a", 2));
  EXPECT_EQ(outcome.status().code(), StatusCode::kConflict);
  EXPECT_THAT(outcome.status().message(), HasSubstr("'pipeline'"));
}

TEST_F(DeltaCommit, OverwriteReplacesAllRowsUnlessAnyoneElseWroteMeanwhile) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a");
  append(writer, "SELECT 1 AS a");
  TableWriter other = must(TableWriter::open(table, clock_));
  CommitRequest overwrite = append_request(writer, "SELECT 9 AS a");
  overwrite.kind = CommitRequest::Kind::kOverwrite;
  overwrite.removes = remove_all(must(table.snapshot()), clock_.now());
  append(other, "SELECT 2 AS a");
  EXPECT_EQ(writer.commit(overwrite).status().code(), StatusCode::kConflict);
  EXPECT_THAT(rows(table), ElementsAre("(1)", "(2)"));
  overwrite.removes = remove_all(must(table.snapshot()), clock_.now());
  EXPECT_EQ(must(writer.commit(overwrite)).version, 2);
  EXPECT_THAT(rows(table), ElementsAre("(9)"));
  EXPECT_EQ(must(table.read_commit(2)).info->is_blind_append, false);
}

TEST_F(DeltaCommit, StopsWhenTheSchemaChangesUnderneath) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a");
  append(writer, "SELECT 1 AS a");
  TableWriter other = must(TableWriter::open(table, clock_));
  CommitRequest evolve;
  evolve.new_schema = must(delta_schema({{"a", "INTEGER"}, {"b", "VARCHAR"}}));
  must(other.commit(evolve));
  const auto refused = writer.commit(append_request(writer, "SELECT 2 AS a"));
  EXPECT_EQ(refused.status().code(), StatusCode::kConflict);
  EXPECT_EQ(writer.state().schema.size(), 2u);  // ready to plan again
  append(writer, "SELECT 2 AS a, 'x' AS b");
  EXPECT_THAT(rows(table), ElementsAre("(1, NULL)", "(2, x)"));
}

TEST_F(DeltaCommit, TwoCannotMakeTheSameTable) {
  Table table = open_table();
  TableWriter one = open_writer(table, "SELECT 1 AS a");
  TableWriter other = open_writer(table, "SELECT 1 AS a");
  append(one, "SELECT 1 AS a", 0);
  CommitRequest late = append_request(other, "SELECT 2 AS a");
  EXPECT_EQ(other.commit(late).status().code(), StatusCode::kConflict);
  EXPECT_EQ(must(other.commit(late)).version, 1);
}

TEST_F(DeltaCommit, KeepsAppendOnlyTables) {
  Table table = open_table();
  NewTable definition;
  definition.properties = {{"delta.appendOnly", "true"}};
  TableWriter writer = open_writer(table, "SELECT 1 AS a", definition);
  append(writer, "SELECT 1 AS a");
  CommitRequest overwrite;
  overwrite.kind = CommitRequest::Kind::kOverwrite;
  overwrite.removes = remove_all(must(table.snapshot()), clock_.now());
  EXPECT_THAT(writer.commit(overwrite).status().message(), HasSubstr("append-only"));
}

TEST_F(DeltaCommit, NeedsTableFeaturesOnlyForTimestampsWithoutZone) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT TIMESTAMP '2020-01-01' AS a");
  append(writer, "SELECT TIMESTAMP '2020-01-01 10:00:00.123456' AS a");
  const TableState state = must(table.state());
  EXPECT_EQ(state.protocol.min_reader_version, 3);
  EXPECT_EQ(state.protocol.min_writer_version, 7);
  EXPECT_THAT(*state.protocol.reader_features, ElementsAre("timestampNtz"));
  EXPECT_THAT(*state.protocol.writer_features,
              ElementsAre("appendOnly", "invariants", "timestampNtz"));
  EXPECT_THAT(rows(table), ElementsAre("('2020-01-01 10:00:00.123456')"));
}

TEST_F(DeltaCommit, CostsOnePutHoweverLongTheLogIs) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a");
  for (int i = 0; i < 25; ++i) append(writer, "SELECT 1 AS a");
  CommitRequest request = append_request(writer, "SELECT 1 AS a");
  store_.heal();
  must(writer.commit(request));
  EXPECT_THAT(store_.calls(), ElementsAre("put_if_absent t/_delta_log/00000000000000000025.json"));
}

TEST_F(DeltaCommit, TravelsInTime) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a");
  for (int i = 0; i < 12; ++i) append(writer, "SELECT " + std::to_string(i) + " AS a");
  EXPECT_EQ(must(table.snapshot_at(Version{3})).files.size(), 4u);
  EXPECT_EQ(must(table.snapshot_at(Version{11})).files.size(), 12u);
  EXPECT_EQ(table.snapshot_at(Version{12}).status().code(), StatusCode::kNotFound);
  const auto history = must(table.history(100));
  ASSERT_EQ(history.size(), 12u);
  EXPECT_EQ(history[0].version, 11);
  EXPECT_EQ(history[0].info.operation, "WRITE");
  EXPECT_EQ(must(table.history(2)).size(), 2u);
  EXPECT_EQ(must(table.snapshot_at(history[5].timestamp)).state.version, 6);
  EXPECT_EQ(table.snapshot_at(Timestamp{0}).status().code(), StatusCode::kNotFound);
}

TEST_F(DeltaCommit, NeverTakesAVersionThatHasExpiredFromTheLog) {
  ManualClock clock(SystemClock().now());
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a");
  for (int i = 0; i < 3; ++i) append(writer, "SELECT 1 AS a");
  TableWriter idle = must(TableWriter::open(table, clock));
  for (int i = 0; i < 9; ++i) append(writer, "SELECT 1 AS a");
  for (Version version = 0; version < 10; ++version) {
    must(store_.remove(table.commit_path(version)));
  }
  clock.advance(std::chrono::hours(24 * 31));
  const CommitRequest request = append_request(idle, "SELECT 2 AS a");
  EXPECT_EQ(idle.commit(request).status().code(), StatusCode::kConflict);
  EXPECT_EQ(must(idle.commit(request)).version, 12);
  EXPECT_EQ(rows(table).size(), 13u);
}

TEST_F(DeltaCommit, SaysThatMaintenanceChangesNoData) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a");
  append(writer, "SELECT 1 AS a");
  CommitRequest request = append_request(writer, "SELECT 1 AS a");
  request.kind = CommitRequest::Kind::kMaintenance;
  request.removes = remove_all(must(table.snapshot()), clock_.now());
  must(writer.commit(request));
  const CommitActions commit = must(table.read_commit(1));
  EXPECT_FALSE(commit.adds.at(0).data_change);
  EXPECT_FALSE(commit.removes.at(0).data_change);
  EXPECT_EQ(rows(table).size(), 1u);
}

TEST_F(DeltaCommit, RefusesNamesAndPropertiesThatOthersCouldNotRead) {
  Table table = open_table();
  const auto made = [&](const engine::Schema& columns, TextMap properties) {
    NewTable definition;
    definition.schema = must(delta_schema(columns));
    definition.properties = std::move(properties);
    return TableWriter::open_or_create(table, definition, clock_).status();
  };
  EXPECT_THAT(made({{"max(a)", "INTEGER"}}, {}).message(), HasSubstr("'max(a)'"));
  EXPECT_THAT(made({{"s", "STRUCT(\"a b\" INTEGER)"}}, {}).message(), HasSubstr("'a b'"));
  EXPECT_THAT(made({{"a", "INTEGER"}}, {{"delta.enableDeletionVectors", "true"}}).message(),
              HasSubstr("delta.enableDeletionVectors"));
  EXPECT_TRUE(made({{"ä", "INTEGER"}}, {{"delta.enableDeletionVectors", "false"}}).ok());
  EXPECT_TRUE(made({{"a", "INTEGER"}}, {{"delta.enableChangeDataFeed", "true"}}).ok());
}

struct FaultCase {
  test::Fault::When when;
  bool crash;
};

class DeltaCommitUnderFaults : public DeltaTest, public ::testing::WithParamInterface<FaultCase> {};

// A commit that makes a checkpoint, with a fault at each of its calls in turn: the table is
// readable with all rows or without the new ones, and trying again gives them exactly once.
TEST_P(DeltaCommitUnderFaults, IsAtomicAndExactlyOnceAtEveryCall) {
  for (const bool with_txn : {true, false}) {
    for (size_t call = 0;; ++call) {
      SCOPED_TRACE("call " + std::to_string(call));
      store_.heal();
      const std::string path = "t" + std::to_string(call) + (with_txn ? "x" : "y");
      Table table = open_table(path);
      NewTable definition;
      definition.properties = {{"delta.checkpointInterval", "3"}};
      TableWriter writer = open_writer(table, "SELECT 1 AS a", definition);
      for (int64_t i = 0; i < 3; ++i) {
        CommitRequest request;
        request.adds = write(writer, "SELECT " + std::to_string(i) + " AS a", path);
        must(writer.commit(request));
      }
      store_.inject({.call = call, .when = GetParam().when, .crash = GetParam().crash});
      CommitRequest request;
      if (with_txn) request.txn = Txn{"pipeline", 1, std::nullopt};
      const WritePlan plan =
          must(plan_write({{"a", "INTEGER"}}, writer.state().schema, false, path));
      auto written = write_files(*session_, "SELECT 3 AS a", plan, store_, path, {}, clock_);
      bool committed = false;
      if (written.ok()) {
        request.adds = written->adds;
        committed = writer.commit(request).ok();
      }
      const bool reached = store_.happened();
      store_.heal();
      const size_t seen = rows(table).size();
      EXPECT_TRUE(seen == 3 || seen == 4);
      if (committed) {
        EXPECT_EQ(seen, 4u);
      }
      // The process goes on with the same request, or a new one repeats the epoch.
      if (!committed) {
        if (!written.ok()) {
          written = write_files(*session_, "SELECT 3 AS a", plan, store_, path, {}, clock_);
          request.adds = must(std::move(written)).adds;
        }
        if (GetParam().crash && with_txn) {
          TableWriter restarted = must(TableWriter::open(table, clock_));
          must(restarted.commit(request));
        } else {
          must(writer.commit(request));
        }
      }
      EXPECT_EQ(rows(table).size(), 4u);
      EXPECT_EQ(rows(table, "SELECT DISTINCT a FROM t").size(), 4u);
      if (!reached) {
        EXPECT_GT(call, 4u);
        break;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllKinds, DeltaCommitUnderFaults,
                         ::testing::Values(FaultCase{test::Fault::kBefore, false},
                                           FaultCase{test::Fault::kAfter, false},
                                           FaultCase{test::Fault::kBefore, true},
                                           FaultCase{test::Fault::kAfter, true}));

}  // namespace
}  // namespace lakeward::delta
