#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/source_driver.h"

namespace lakeward::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FileSink : public ::testing::Test {
 protected:
  std::unique_ptr<stream::Sink> make(OptionList more = {}) {
    more.emplace_back("path", scalar("out"));
    auto sink = world.registry.sink("file")->make(
        {.pipeline = "p", .query_id = "q", .options = options(more)}, world.environment);
    EXPECT_TRUE(sink.ok()) << sink.status().message();
    return std::move(sink).value();
  }
  Status put(stream::Sink& sink, const std::string& select, int64_t epoch) {
    const auto session = world.database->make_session().value();
    ASSIGN_OR_RETURN(stream::Committable written,
                     sink.writer().write(*session, select, {epoch, {}}));
    return sink.committer().commit({epoch, {}}, std::move(written), {});
  }
  // The visible files, sorted.
  std::vector<std::string> files() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder())) {
      const std::string name = entry.path().lexically_relative(folder()).string();
      if (entry.is_regular_file() && name.front() != '.') names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string query(const std::string& sql) {
    const auto rows = world.database->make_session().value()->query(sql);
    EXPECT_TRUE(rows.ok()) << rows.status().message();
    return rows.ok() && rows->size() > 0 ? rows->text(0, 0) : "";
  }
  std::filesystem::path folder() const { return world.folder.path() / "out"; }

  World world;
};

struct Form {
  std::string name;
  OptionList options;
  std::string file;
  std::string reader;
};

class FileSinkForms : public FileSink, public ::testing::WithParamInterface<Form> {};

TEST_P(FileSinkForms, CanBeReadBack) {
  const auto sink = make(GetParam().options);
  ASSERT_TRUE(put(*sink, "SELECT range AS a, 'x' || range AS b FROM range(5)", 3).ok());
  EXPECT_THAT(files(), ElementsAre(GetParam().file));
  EXPECT_EQ(query("SELECT sum(a) || ' ' || max(b) FROM " + GetParam().reader + "('" +
                  (folder() / GetParam().file).string() + "')"),
            "10 x4");
}

INSTANTIATE_TEST_SUITE_P(
    Cases, FileSinkForms,
    ::testing::Values(
        Form{"Parquet", {}, "part-3-0.parquet", "read_parquet"},
        Form{"JsonLines", {{"format", scalar("jsonl")}}, "part-3-0.jsonl", "read_json"},
        Form{"Csv", {{"format", scalar("csv")}}, "part-3-0.csv", "read_csv"},
        Form{"GzippedJsonLines",
             {{"format", scalar("jsonl")}, {"compression", scalar("gzip")}},
             "part-3-0.jsonl.gz",
             "read_json"},
        Form{"ZstdCsv",
             {{"format", scalar("csv")}, {"compression", scalar("zstd")}},
             "part-3-0.csv.zst",
             "read_csv"}),
    [](const auto& info) { return info.param.name; });

TEST_F(FileSink, WritesEachEpochOnce) {
  ASSERT_TRUE(put(*make(), "SELECT 1 AS a", 0).ok());
  ASSERT_TRUE(put(*make(), "SELECT 2 AS a", 1).ok());
  ASSERT_TRUE(put(*make(), "SELECT 2 AS a", 1).ok());
  EXPECT_EQ(make()->committer().last_committed().value(), 1);
  EXPECT_THAT(files(), ElementsAre("part-0-0.parquet", "part-1-0.parquet"));
}

TEST_F(FileSink, MakesNoFileOfNoRows) {
  ASSERT_TRUE(put(*make(), "SELECT 1 AS a WHERE false", 0).ok());
  EXPECT_THAT(files(), IsEmpty());
  EXPECT_EQ(make()->committer().last_committed().value(), 0);
}

TEST_F(FileSink, ShowsNothingBeforeTheCommit) {
  const auto sink = make();
  const auto session = world.database->make_session().value();
  auto written = sink->writer().write(*session, "SELECT 1 AS a", {0, {}}).value();
  EXPECT_THAT(files(), IsEmpty());
  sink->writer().discard(std::move(written));
  EXPECT_EQ(sink->committer().last_committed().value(), std::nullopt);
}

TEST_F(FileSink, UndoesACommitThatDiedHalfWay) {
  ASSERT_TRUE(put(*make(), "SELECT 1 AS a", 0).ok());
  const auto store = io::make_local_store(folder());
  ASSERT_TRUE(store->put("part-1-7.parquet", "of an attempt with more files").ok());
  ASSERT_TRUE(
      store->put(".lakeward-q.pending", R"({"epoch":1,"files":["part-1-7.parquet"]})").ok());
  ASSERT_TRUE(put(*make(), "SELECT 2 AS a", 1).ok());
  EXPECT_THAT(files(), ElementsAre("part-0-0.parquet", "part-1-0.parquet"));
}

TEST_F(FileSink, KeepsACommitThatDiedWhenItWasComplete) {
  ASSERT_TRUE(put(*make(), "SELECT 1 AS a", 0).ok());
  const auto store = io::make_local_store(folder());
  ASSERT_TRUE(
      store->put(".lakeward-q.pending", R"({"epoch":0,"files":["part-0-0.parquet"]})").ok());
  ASSERT_TRUE(put(*make(), "SELECT 2 AS a", 1).ok());
  EXPECT_THAT(files(), ElementsAre("part-0-0.parquet", "part-1-0.parquet"));
}

TEST_F(FileSink, KeepsPartitionsApart) {
  const auto sink = make({{"partition_by", scalar("b")}});
  ASSERT_TRUE(put(*sink, "SELECT range AS a, range % 2 AS b FROM range(4)", 0).ok());
  EXPECT_THAT(files(), ElementsAre("b=0/part-0-0.parquet", "b=1/part-0-0.parquet"));
  EXPECT_THAT(sink->writer().check({{"a", "BIGINT"}}).message(), HasSubstr("'b'"));
}

}  // namespace
}  // namespace lakeward::test
