#include "delta/vacuum.h"

#include <gmock/gmock.h>

#include "delta/checkpoint.h"
#include "delta/optimize.h"
#include "delta_fixture.h"

namespace lakeward::delta {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr Duration kDay = std::chrono::hours(24);

// Files are as old as the machine's clock says; the vacuum's clock is ahead of it.
class DeltaVacuum : public DeltaTest {
 protected:
  Result<VacuumReport> try_vacuum(Table& table, Duration ahead, VacuumOptions options = {}) {
    const ManualClock later(clock_.now() + ahead);
    return delta::vacuum(table, options, later, {}, {});
  }
  VacuumReport vacuum(Table& table, Duration ahead, VacuumOptions options = {}) {
    return must(try_vacuum(table, ahead, options));
  }
  // Three files of a row each, merged into one: four files in all.
  Table make_merged(TextMap properties = {}) {
    Table table = open_table();
    NewTable definition;
    definition.properties = std::move(properties);
    TableWriter writer = open_writer(table, "SELECT 1 AS a", definition);
    for (int i = 0; i < 3; ++i) append(writer, "SELECT " + std::to_string(i) + " AS a");
    must(optimize(table, {}, clock_, {}, {}));
    return table;
  }
  std::vector<std::string> files(const std::string& folder = "t") {
    std::vector<std::string> paths;
    for (const io::ObjectInfo& object : must(real_store_->list_recursive(folder))) {
      if (object.path.find("_delta_log") == std::string::npos) paths.push_back(object.path);
    }
    return paths;
  }
};

TEST_F(DeltaVacuum, RemovesWhatNoVersionWithinTheRetentionNeeds) {
  Table table = make_merged();
  EXPECT_EQ(vacuum(table, 6 * kDay).files, 0u);
  EXPECT_THAT(rows_of(must(scan(table, must(table.snapshot_at(2))))), SizeIs(3));
  const VacuumReport report = vacuum(table, 8 * kDay);
  EXPECT_EQ(report.files, 3u);
  EXPECT_EQ(report.orphans, 0u);
  EXPECT_THAT(files(), SizeIs(1));
  EXPECT_THAT(rows(table), ElementsAre("(0)", "(1)", "(2)"));
  // A version that needs them says what became of them.
  const auto old = scan(table, must(table.snapshot_at(2)));
  EXPECT_EQ(old.status().code(), StatusCode::kCorruption);
  EXPECT_THAT(old.status().message(), HasSubstr("vacuum"));
}

TEST_F(DeltaVacuum, SaysInTheLogWhatItDid) {
  Table table = make_merged();
  EXPECT_EQ(vacuum(table, 6 * kDay).files, 0u);
  EXPECT_EQ(must(table.latest_version()), 3);  // nothing to remove, nothing to say
  vacuum(table, 8 * kDay);
  const CommitActions start = must(table.read_commit(4));
  EXPECT_EQ(start.info->operation, "VACUUM START");
  EXPECT_EQ(start.info->operation_metrics.at("numFilesToDelete"), "3");
  EXPECT_EQ(start.info->operation_parameters.at("defaultRetentionMillis"), "604800000");
  const CommitActions end = must(table.read_commit(5));
  EXPECT_EQ(end.info->operation, "VACUUM END");
  EXPECT_EQ(end.info->operation_parameters.at("status"), "COMPLETED");
  EXPECT_EQ(end.info->operation_metrics.at("numDeletedFiles"), "3");
}

TEST_F(DeltaVacuum, RefusesARetentionBelowTheTablesUnlessForced) {
  Table table = make_merged({{"delta.deletedFileRetentionDuration", "interval 2 days"}});
  const auto refused = try_vacuum(table, kDay, {.retention = kDay});
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.status().message(), HasSubstr("--force"));
  EXPECT_EQ(vacuum(table, 3 * kDay, {.retention = 2 * kDay, .dry_run = true}).files, 3u);
  EXPECT_EQ(vacuum(table, kDay, {.retention = kDay / 2, .force = true}).files, 3u);
}

TEST_F(DeltaVacuum, OnlyListsWhatADryRunWouldRemove) {
  Table table = make_merged();
  const VacuumReport report = vacuum(table, 8 * kDay, {.dry_run = true});
  EXPECT_THAT(report.paths, SizeIs(3));
  EXPECT_THAT(files(), SizeIs(4));
  EXPECT_EQ(must(table.latest_version()), 3);
}

TEST_F(DeltaVacuum, RemovesWritesThatWereNeverCommittedWhenTheyAreOldEnough) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a");
  append(writer, "SELECT 1 AS a");
  write(writer, "SELECT 2 AS a");  // and the process ends
  EXPECT_EQ(vacuum(table, 6 * kDay).kept, 1u);
  const VacuumReport report = vacuum(table, 8 * kDay);
  EXPECT_EQ(report.orphans, 1u);
  EXPECT_THAT(files(), SizeIs(1));
}

TEST_F(DeltaVacuum, LeavesAFileThatAWriterMayBeAboutToCommit) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a");
  append(writer, "SELECT 1 AS a");
  const CommitRequest request = append_request(writer, "SELECT 2 AS a");
  EXPECT_EQ(vacuum(table, Duration{0}, {.retention = Duration{0}, .force = true}).files, 0u);
  must(writer.commit(request));
  EXPECT_THAT(rows(table), ElementsAre("(1)", "(2)"));
}

TEST_F(DeltaVacuum, LeavesAllThatIsNotTheTablesData) {
  Table table = make_merged();
  const std::vector<std::string> others = {
      "t/_change_data/part.parquet", "t/_lakeward/x.parquet", "t/readme.txt",
      "t/inner/_delta_log/00000000000000000000.json", "t/inner/part.parquet"};
  for (const std::string& path : others) must(real_store_->put(path, "bytes"));
  EXPECT_EQ(vacuum(table, 100 * kDay).files, 3u);
  for (const std::string& path : others) EXPECT_TRUE(real_store_->stat(path).ok()) << path;
  EXPECT_EQ(must(table.latest_version()), 5);
}

TEST_F(DeltaVacuum, LooksIntoPartitionsWhoseNameBeginsWithAnUnderscore) {
  Table table = open_table();
  NewTable definition;
  definition.partition_by = {"_day"};
  TableWriter writer = open_writer(table, "SELECT 1 AS a, 'x y' AS _day", definition);
  for (int i = 0; i < 2; ++i) append(writer, "SELECT 1 AS a, 'x y' AS _day");
  must(optimize(table, {}, clock_, {}, {}));
  EXPECT_EQ(vacuum(table, 8 * kDay).files, 2u);
  EXPECT_THAT(rows(table), ElementsAre("(1, x y)", "(1, x y)"));
}

TEST_F(DeltaVacuum, KnowsTombstonesThatACheckpointHasForgotten) {
  Table table = make_merged({{"delta.deletedFileRetentionDuration", "interval 1 days"}});
  const Timestamp later = clock_.now() + 3 * kDay;
  must(write_checkpoint(table, must(table.state()), later));
  EXPECT_THAT(must(table.snapshot()).removed, IsEmpty());
  EXPECT_EQ(vacuum(table, 3 * kDay, {.retention = 10 * kDay}).files, 0u);
  EXPECT_EQ(vacuum(table, 3 * kDay).files, 3u);
}

TEST_F(DeltaVacuum, KeepsFilesThatTheLogNamesByAnAbsolutePath) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a");
  CommitRequest request = append_request(writer, "SELECT 1 AS a");
  request.adds[0].path =
      "file://" + (folder_.path() / "lake" / "t" / request.adds[0].path).string();
  must(writer.commit(request));
  EXPECT_EQ(vacuum(table, 100 * kDay).files, 0u);
  EXPECT_THAT(rows(table), ElementsAre("(1)"));
}

TEST_F(DeltaVacuum, NeverHarmsTheTableWhicheverCallFails) {
  for (size_t call = 0;; ++call) {
    Table table = open_table("t" + std::to_string(call));
    TableWriter writer = open_writer(table, "SELECT 1 AS a");
    for (int i = 0; i < 2; ++i) {
      CommitRequest request;
      request.adds = write(writer, "SELECT 1 AS a", table.path());
      must(writer.commit(request));
    }
    must(optimize(table, {}, clock_, {}, {}));
    store_.inject({.call = call, .when = test::Fault::kAfter});
    const auto first = try_vacuum(table, 8 * kDay);
    const bool happened = store_.happened();
    store_.heal();
    ASSERT_THAT(rows(table), ElementsAre("(1)", "(1)")) << "call " << call;
    must(try_vacuum(table, 8 * kDay).status());
    ASSERT_THAT(files(table.path()), SizeIs(1)) << "call " << call;
    if (!happened) {
      EXPECT_TRUE(first.ok());
      break;
    }
  }
}

}  // namespace
}  // namespace lakeward::delta
