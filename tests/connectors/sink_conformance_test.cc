// Every sink, through the suites that fit it.
#include "support/sink_conformance.h"

#include <fstream>
#include <sstream>

#include "connectors/console/sink.h"
#include "connectors/file/sink.h"
#include "delta/scan.h"

namespace lakeward::test {
namespace {

// `sql` over columns a and b: "a|b" of each row, sorted.
std::vector<std::string> texts_of(World& world, const std::string& sql) {
  const auto session = world.database->make_session().value();
  const auto rows = session->query("SELECT a || '|' || b FROM (" + sql + ")");
  EXPECT_TRUE(rows.ok()) << rows.status().message();
  std::vector<std::string> texts;
  for (size_t i = 0; rows.ok() && i < rows->size(); ++i) texts.push_back(rows->text(i, 0));
  std::sort(texts.begin(), texts.end());
  return texts;
}

class DeltaSinkFixture {
 public:
  World& world() { return world_; }
  FaultyStore* store() { return &lake_; }
  Result<std::unique_ptr<stream::Sink>> make_sink(OptionList more = {}) {
    more.emplace_back("table", scalar("bronze.rows"));
    return world_.registry.sink("delta")->make(
        {.pipeline = "p", .query_id = "q", .options = options(more)}, environment_);
  }
  std::vector<std::string> rows() {
    const auto table =
        lakeward::delta::Table::open(*world_.lake, "bronze/rows", *world_.database).value();
    const auto snapshot = table.snapshot();
    if (!snapshot.ok()) return {};
    return texts_of(world_, lakeward::delta::scan(table, *snapshot).value().sql);
  }

 private:
  World world_;
  FaultyStore lake_{*world_.lake};
  stream::Environment environment_{world_.clock, *world_.database, lake_, world_.folder.path()};
};

template <connectors::file::FileFormat kFormat>
class FileSinkFixture {
 public:
  World& world() { return world_; }
  FaultyStore* store() { return &faulty_; }
  Result<std::unique_ptr<stream::Sink>> make_sink(const OptionList& more = {}) {
    OptionList list = more;
    list.emplace_back("path", scalar("out"));
    const auto known = world_.registry.sink("file")->make(
        {.pipeline = "p", .query_id = "q", .options = options(list)}, world_.environment);
    RETURN_IF_ERROR(known.status());
    return std::unique_ptr<stream::Sink>(std::make_unique<connectors::file::FileSink>(
        connectors::file::FileSinkOptions{.path = "out", .format = kFormat, .partition_by = {}},
        folder(), "q", std::shared_ptr<io::ObjectStore>(&faulty_, [](io::ObjectStore*) {})));
  }
  std::vector<std::string> rows() {
    std::string files;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(folder(), none)) {
      if (!entry.is_regular_file() || entry.path().filename().string().front() == '.') continue;
      files += (files.empty() ? "'" : ", '") + entry.path().string() + "'";
    }
    return files.empty() ? std::vector<std::string>()
                         : texts_of(world_, "FROM " + reader() + "([" + files + "])");
  }

 private:
  static std::string reader() {
    using connectors::file::FileFormat;
    return kFormat == FileFormat::kCsv         ? "read_csv"
           : kFormat == FileFormat::kJsonLines ? "read_json"
                                               : "read_parquet";
  }
  std::filesystem::path folder() const { return world_.folder.path() / "out"; }

  World world_;
  std::unique_ptr<io::ObjectStore> real_ = io::make_local_store(folder());
  FaultyStore faulty_{*real_};
};

class ConsoleSinkFixture {
 public:
  World& world() { return world_; }
  Result<std::unique_ptr<stream::Sink>> make_sink(const OptionList& more = {}) {
    const auto known = world_.registry.sink("console")->make(
        {.pipeline = "p", .query_id = "q", .options = options(more)}, world_.environment);
    RETURN_IF_ERROR(known.status());
    return std::unique_ptr<stream::Sink>(std::make_unique<connectors::console::ConsoleSink>(
        connectors::console::ConsoleOptions{}, screen_));
  }
  std::vector<std::string> rows() {
    std::ofstream(world_.folder.path() / "screen.jsonl") << screen_.str();
    if (screen_.str().empty()) return {};
    return texts_of(world_,
                    "FROM read_json('" + (world_.folder.path() / "screen.jsonl").string() + "')");
  }

 private:
  World world_;
  std::ostringstream screen_;
};

using ParquetFiles = FileSinkFixture<connectors::file::FileFormat::kParquet>;
using JsonLinesFiles = FileSinkFixture<connectors::file::FileFormat::kJsonLines>;
using CsvFiles = FileSinkFixture<connectors::file::FileFormat::kCsv>;

INSTANTIATE_TYPED_TEST_SUITE_P(Delta, SinkConformance, DeltaSinkFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Delta, ExactlyOnceSinkConformance, DeltaSinkFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Delta, OverlappingSinkConformance, DeltaSinkFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(ParquetFiles, SinkConformance, ParquetFiles);
INSTANTIATE_TYPED_TEST_SUITE_P(ParquetFiles, ExactlyOnceSinkConformance, ParquetFiles);
INSTANTIATE_TYPED_TEST_SUITE_P(ParquetFiles, OverlappingSinkConformance, ParquetFiles);
INSTANTIATE_TYPED_TEST_SUITE_P(JsonLinesFiles, SinkConformance, JsonLinesFiles);
INSTANTIATE_TYPED_TEST_SUITE_P(JsonLinesFiles, ExactlyOnceSinkConformance, JsonLinesFiles);
INSTANTIATE_TYPED_TEST_SUITE_P(JsonLinesFiles, OverlappingSinkConformance, JsonLinesFiles);
INSTANTIATE_TYPED_TEST_SUITE_P(CsvFiles, SinkConformance, CsvFiles);
INSTANTIATE_TYPED_TEST_SUITE_P(CsvFiles, ExactlyOnceSinkConformance, CsvFiles);
INSTANTIATE_TYPED_TEST_SUITE_P(CsvFiles, OverlappingSinkConformance, CsvFiles);
INSTANTIATE_TYPED_TEST_SUITE_P(Console, SinkConformance, ConsoleSinkFixture);

}  // namespace
}  // namespace lakeward::test
