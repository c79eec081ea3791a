#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stream/pipeline_fixture.h"

namespace lakeward::stream {
namespace {

using ::testing::HasSubstr;
using Rows = std::vector<std::string>;

// Tables whose version v has the numbers 1 … v.
class NumberTables final : public TableCatalog {
 public:
  Result<std::optional<int64_t>> version(const std::string& table) override {
    const auto found = versions.find(table);
    if (found == versions.end()) return {std::nullopt};
    return {found->second};
  }
  Result<std::string> scan_select(const std::string& table, int64_t version) override {
    scans.push_back(table + "@" + std::to_string(version));
    return "SELECT range + 1 AS n FROM range(" + std::to_string(version) + ")";
  }
  std::map<std::string, int64_t> versions;
  std::vector<std::string> scans;
};

struct TestView : TestPipeline {
  TestView() {
    is_view = true;
    table.overwrite = true;
    tables = &catalog;
    lake_tables = {"silver.a"};
    transform = "SELECT sum(n)::BIGINT AS total FROM silver.a";
  }
  NumberTables catalog;
};

TEST(View, IsRefreshedWhenATableThatItReadsHasANewVersion) {
  TestView view;
  view.catalog.versions["silver.a"] = 3;
  const Status drained = view.drain();
  ASSERT_TRUE(drained.ok()) << drained.message();
  EXPECT_EQ(view.table.rows(), Rows{R"({"total":6})"});
  ASSERT_TRUE(view.drain().ok());
  EXPECT_EQ(view.reports.epochs.size(), 1u) << "nothing was new";
  view.catalog.versions["silver.a"] = 4;
  ASSERT_TRUE(view.drain().ok());
  EXPECT_EQ(view.table.rows(), Rows{R"({"total":10})"});
  const auto log = checkpoint::CheckpointLog::open(view.store, "checkpoint", view.random);
  EXPECT_EQ((*log)->read(1)->offsets[0], R"({"silver.a":4})");
}

TEST(View, IsRefreshedWhenItsQueryIsAnother) {
  TestView view;
  view.catalog.versions["silver.a"] = 3;
  ASSERT_TRUE(view.drain().ok());
  view.transform = "SELECT max(n) AS top FROM silver.a";
  ASSERT_TRUE(view.drain().ok());
  EXPECT_EQ(view.table.rows(), Rows{R"({"top":3})"});
}

TEST(View, WaitsForTablesThatDoNotExistYet) {
  TestView view;
  view.lake_tables = {"silver.a", "silver.b"};
  view.transform = "SELECT count(*) AS n FROM silver.a, silver.b";
  view.catalog.versions["silver.a"] = 3;
  ASSERT_TRUE(view.drain().ok());
  EXPECT_TRUE(view.table.rows().empty());
  view.catalog.versions["silver.b"] = 2;
  ASSERT_TRUE(view.drain().ok());
  EXPECT_EQ(view.table.rows(), Rows{R"({"n":6})"});
}

TEST(View, RepeatsAnUnfinishedRefreshAtTheVersionsOfItsPlan) {
  TestView view;
  view.catalog.versions["silver.a"] = 3;
  ASSERT_TRUE(view.drain().ok());
  view.catalog.versions["silver.a"] = 4;
  view.table.fail_writes = 0;
  view.fuse.set(2, test::Fuse::When::kBefore);  // past the checks of both sinks
  EXPECT_FALSE(view.drain().ok());
  view.fuse.clear();
  view.catalog.versions["silver.a"] = 9;
  view.reports.epochs.clear();
  ASSERT_TRUE(view.drain().ok());
  ASSERT_EQ(view.reports.epochs.size(), 2u);
  EXPECT_TRUE(view.reports.epochs[0].repeated);
  EXPECT_EQ(view.table.epochs.at(1), Rows{R"({"total":10})"});
  EXPECT_EQ(view.table.epochs.at(2), Rows{R"({"total":45})"});
}

TEST(View, ChecksItsRowsToo) {
  TestView view;
  view.catalog.versions["silver.a"] = 5;
  view.transform = "SELECT n FROM silver.a";
  view.expectations = {{"small", "n < 4", Otherwise::kDeadLetter}};
  const Status drained = view.drain();
  ASSERT_TRUE(drained.ok()) << drained.message();
  EXPECT_EQ(view.table.rows().size(), 3u);
  EXPECT_EQ(view.dead_letters.rows().size(), 2u);
}

TEST(Enrichment, ReadsLakeTablesAtTheVersionsOfTheEpochsPlan) {
  TestPipeline pipeline;
  NumberTables catalog;
  catalog.versions["silver.devices"] = 2;
  pipeline.tables = &catalog;
  pipeline.lake_tables = {"silver.devices"};
  pipeline.transform = "SELECT i.id, d.n FROM input i JOIN silver.devices d ON d.n = i.id";
  pipeline.expectations = {{"not_one", "id <> 1", Otherwise::kDeadLetter}};
  pipeline.send(5);
  pipeline.fuse.set(6, test::Fuse::When::kBefore);
  EXPECT_FALSE(pipeline.drain().ok());
  pipeline.fuse.clear();
  catalog.versions["silver.devices"] = 4;
  const Status drained = pipeline.drain();
  ASSERT_TRUE(drained.ok()) << drained.message();
  EXPECT_EQ(pipeline.table.rows(), Rows{R"({"id":2,"n":2})"});
  ASSERT_EQ(pipeline.dead_letters.rows().size(), 1u);
  EXPECT_THAT(pipeline.dead_letters.rows()[0], HasSubstr("the name of number 1"));
}

}  // namespace
}  // namespace lakeward::stream
