// What files may hold, and the records that come of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/file/file_source_fixture.h"
#include "format/csv_format.h"
#include "format/json_format.h"

namespace lakeward::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Content {
  std::string name;
  std::string file;
  std::string bytes;
  std::vector<std::string> records;
};

class FileContents : public FileSource, public ::testing::WithParamInterface<Content> {};

TEST_P(FileContents, AreCutIntoRecords) {
  put(GetParam().file, GetParam().bytes);
  Epochs expected;
  expected.push_back(GetParam().records);
  EXPECT_EQ(start().drain(), expected);
}

const std::string kLong(3'000'000, 'x');

INSTANTIATE_TEST_SUITE_P(
    Cases, FileContents,
    ::testing::Values(
        Content{"Plain", "a.jsonl", "{\"a\":1}\n{\"a\":2}\n", {"{\"a\":1}", "{\"a\":2}"}},
        Content{"NoFinalNewline", "a.jsonl", "1\n2", {"1", "2"}},
        Content{"WindowsLineEnds", "a.jsonl", "1\r\n2\r\n", {"1", "2"}},
        Content{"BlankLines", "a.jsonl", "\n1\n \t\r\n\n2\n\n", {"1", "2"}},
        Content{"ByteOrderMark", "a.jsonl", "\xEF\xBB\xBF{\"a\":1}\n2\n", {"{\"a\":1}", "2"}},
        Content{"Empty", "a.jsonl", "", {}}, Content{"OnlyBlankLines", "a.jsonl", "\n\n\n", {}},
        Content{"InnerBlanksStay", "a.jsonl", "  1 \n", {"  1 "}},
        Content{"LineLongerThanABlock", "a.jsonl", "1\n" + kLong + "\n2\n", {"1", kLong, "2"}},
        Content{"Gzip", "a.jsonl.gz", gzip("1\n2\n"), {"1", "2"}},
        Content{"GzipMembers", "a.jsonl.gz", gzip("1\n2") + gzip("3\n4\n"), {"1", "23", "4"}},
        Content{"GzipPadding", "a.jsonl.gz", gzip("1\n") + std::string(512, '\0'), {"1"}},
        Content{"Zstd", "a.jsonl.zst", zstd("1\n2\n"), {"1", "2"}},
        Content{"ZstdFrames", "a.jsonl.zst", zstd("1\n2") + zstd("") + zstd("3\n"), {"1", "23"}},
        Content{"ZstdLong", "a.ZST", zstd(kLong + "\n" + kLong), {kLong, kLong}},
        Content{"NotUtf8", "a.jsonl", "\xFF\xFE\n", {"\xFF\xFE"}}),
    [](const auto& info) { return info.param.name; });

TEST_F(FileSource, ReadsALineOf100Megabytes) {
  const std::string line(100'000'000, 'x');
  put("a", "1\n" + line + "\n2\n");
  SourceRun run = start();
  const auto to = *run.plan(std::nullopt).value();
  const auto records = run.read({std::nullopt, to}, {}, false, 3).value();
  ASSERT_EQ(records.size(), 3u);
  EXPECT_TRUE(records[1].text == line);
  EXPECT_EQ(records[2].text, "2");
}

TEST_F(FileSource, ReadsTheElementsOfArrays) {
  format::JsonOptions json;
  json.framing = format::Framing::kJsonArray;
  json.columns = {{"a", "INTEGER"}};
  const auto array = format::make_json_format(json).value();
  put("a.json", "[{\"a\":1},\n {\"a\":[2,\"]\"]}]", Duration{20'000'000});
  put("b.json.gz", gzip("[3][4]"), Duration{10'000'000});
  SourceRun run = start("in/*", {}, array.get());
  const auto to = *run.plan(std::nullopt, {.rows = 1}).value();
  EXPECT_EQ(run.read({std::nullopt, to}).value().size(), 2u)
      << "a file of one array is not divided";
  EXPECT_EQ(start("in/*", {}, array.get()).drain(),
            (Epochs{{"{\"a\":1}", "{\"a\":[2,\"]\"]}", "3", "4"}}));
}

TEST_F(FileSource, TakesTheHeaderOfEachCsvFile) {
  format::CsvOptions csv;
  csv.columns = {{"a", "INTEGER"}, {"b", "VARCHAR"}};
  csv.delimiter = ';';
  const auto format = format::make_csv_format(csv).value();
  put("a.csv",
      "\xEF\xBB\xBF"
      "a;b\r\n1;\"x\ny\"\r\n2;z",
      Duration{20'000'000});
  put("b.csv", "b;a\n", Duration{10'000'000});
  SourceRun run = start("in/*", {}, format.get());
  const auto to = *run.plan(std::nullopt).value();
  const auto input = run.source().read({.range = {std::nullopt, to}, .only = {}}).value();
  auto& reader = std::get<std::unique_ptr<stream::RecordReader>>(input);
  const auto stream = reader->make_stream().value();
  const auto batch = stream->next().value();
  ASSERT_TRUE(batch);
  EXPECT_THAT(batch->provenance->header, ElementsAre("a", "b"));
  const auto records = run.read({std::nullopt, to}).value();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].text, "1;\"x\ny\"");
  EXPECT_EQ(records[1].text, "2;z");
  put("c.csv", "x;y\n1;2\n");
  SourceRun wrong = start("in/c.csv", {}, format.get());
  const auto at = *wrong.plan(stream::Offset(to)).value();
  EXPECT_THAT(wrong.read({to, at}).status().message(), HasSubstr("c.csv"));
}

TEST_F(FileSource, YieldsParquetAsARelation) {
  std::filesystem::create_directories(input(""));
  const auto session = world.database->make_session().value();
  const auto write = [&](const std::string& select, const std::string& name, Duration age) {
    ASSERT_TRUE(
        session->execute("COPY (" + select + ") TO '" + input(name).string() + "' (FORMAT parquet)")
            .ok());
    set_modified(input(name), {world.clock.now().micros - age.count()});
  };
  SourceRun run(world, "file", options({{"path", scalar("in/*.parquet")}}), nullptr, "parquet");
  ASSERT_TRUE(run.attach().ok());
  EXPECT_FALSE(run.source().relation_schema().value());
  write("SELECT range AS a FROM range(3)", "a.parquet", Duration{20'000'000});
  write("SELECT range + 10 AS a, 'x' AS b FROM range(3)", "b.parquet", Duration{10'000'000});
  EXPECT_EQ(run.source().relation_schema().value(), (engine::Schema{{"a", "BIGINT"}}));
  const auto to = *run.plan(std::nullopt, {.rows = 6}).value();
  const auto relation = std::get<stream::InputRelation>(
      run.source().read({.range = {std::nullopt, to}, .only = {}}).value());
  const auto rows = session->query(
      "SELECT string_agg(a || coalesce(b, ''), ' ' ORDER BY _position), max(_position)::VARCHAR "
      "FROM (" +
      relation.select + ")");
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  EXPECT_EQ(rows->text(0, 0), "0 1 2 10x 11x 12x");
  EXPECT_EQ(rows->text(0, 1), std::to_string(format::Position::make(1, 2)));
  EXPECT_EQ(relation.files, (std::vector<std::string>{input("a.parquet"), input("b.parquet")}));
}

TEST_F(FileSource, RefusesParquetFilesWhoseNamesAreNotUtf8) {
  put("\xFF.parquet", "");
  SourceRun run(world, "file", options({{"path", scalar("in/*.parquet")}}), nullptr, "parquet");
  ASSERT_TRUE(run.attach().ok());
  EXPECT_THAT(run.plan(std::nullopt).status().message(), HasSubstr("\\xFF.parquet is not UTF-8"));
}

}  // namespace
}  // namespace lakeward::test
