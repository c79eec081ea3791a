// Tables that other implementations wrote, with the rows that a correct reader must return.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "delta/log.h"
#include "delta_fixture.h"
#include "engine/sql_text.h"
#include "support/shared_files.h"

namespace lakeward::delta {
namespace {

// A line of conformance.tsv: what must come of a table.
struct Case {
  std::string name;
  std::string verdict;  // rows, files, refused
  std::string detail;
};

std::vector<Case> read_cases() {
  std::vector<Case> cases;
  std::ifstream file(test::source_folder() / "tests/delta/conformance.tsv");
  std::string line;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    Case item;
    std::getline(words, item.name, '\t');
    std::getline(words, item.verdict, '\t');
    std::getline(words, item.detail, '\t');
    cases.push_back(std::move(item));
  }
  return cases;
}

class DeltaConformance : public DeltaTest {
 protected:
  static void SetUpTestSuite() {
    const auto archives = test::shared_file("delta-conformance");
    if (!archives) return;
    unpacked_ = new test::TempFolder();
    for (const char* name : {"dat.tar.zst", "golden.tar.zst"}) {
      const std::string command = "tar --zstd -xf '" + (*archives / name).string() + "' -C '" +
                                  unpacked_->path().string() + "'";
      ASSERT_EQ(std::system(command.c_str()), 0) << command;
    }
  }
  static void TearDownTestSuite() {
    delete unpacked_;
    unpacked_ = nullptr;
  }

  // The rows that one SELECT has more often than the other, as one text.
  std::string difference(const std::string& actual, const std::string& expected) {
    const auto columns = session_->describe(actual);
    if (!columns.ok()) return columns.status().message();
    std::string list;
    for (const engine::Column& column : *columns) {
      // As the table's type: timestamps of old files have no zone to the engine.
      const std::string name = engine::quote_identifier(column.name);
      list += (list.empty() ? "CAST(CAST(" : ", CAST(CAST(") + name + " AS " + column.type +
              ") AS VARCHAR) AS " + name;
    }
    const std::string left = "SELECT " + list + " FROM (" + actual + ")";
    const std::string right = "SELECT " + list + " FROM (" + expected + ")";
    std::string text;
    for (const auto& [sign, from, without] :
         {std::tuple("+", left, right), std::tuple("-", right, left)}) {
      const auto rows = session_->query("SELECT row(*COLUMNS(*))::VARCHAR FROM ((" + from +
                                        ") EXCEPT ALL (" + without + "))");
      if (!rows.ok()) return rows.status().message();
      for (size_t i = 0; i < rows->size() && i < 5; ++i) {
        text += std::string(sign) + rows->text(i, 0) + "\n";
      }
    }
    return text;
  }

  void expect_rows(const Table& table, const Result<Snapshot>& snapshot,
                   const std::filesystem::path& expected) {
    ASSERT_TRUE(snapshot.ok()) << snapshot.status().message();
    const auto scanned = scan(table, *snapshot);
    ASSERT_TRUE(scanned.ok()) << scanned.status().message();
    std::string files;
    for (const auto& entry : std::filesystem::directory_iterator(expected)) {
      if (entry.path().filename().string()[0] == '.' || entry.path().extension() != ".parquet")
        continue;
      files += (files.empty() ? "'" : ", '") + entry.path().string() + "'";
    }
    ASSERT_FALSE(files.empty()) << expected;
    EXPECT_EQ(difference(scanned->sql,
                         "SELECT * FROM read_parquet([" + files + "], hive_partitioning = false)"),
              "");
  }

  void check(const Case& item) {
    const auto store = io::make_local_store(unpacked_->path());
    const Table table = must(Table::open(*store, item.name + "/delta", database()));
    const auto snapshot = table.snapshot();
    if (item.verdict == "refused") {
      ASSERT_FALSE(snapshot.ok());
      EXPECT_NE(snapshot.status().message().find(item.detail), std::string::npos)
          << snapshot.status().message();
      EXPECT_NE(snapshot.status().code(), StatusCode::kInternal);
      return;
    }
    ASSERT_TRUE(snapshot.ok()) << snapshot.status().message();
    if (item.verdict == "files") {
      EXPECT_EQ(std::to_string(snapshot->files.size()), item.detail);
      return;
    }
    ASSERT_EQ(item.verdict, "rows");
    const auto expected = unpacked_->path() / item.name / "expected";
    const auto latest = expected / "latest" / "table_content";
    expect_rows(table, snapshot, std::filesystem::exists(latest) ? latest : expected);
    for (Version version = 0; version <= snapshot->state.version; ++version) {
      const auto old = expected / ("v" + std::to_string(version)) / "table_content";
      if (!std::filesystem::exists(old)) continue;
      SCOPED_TRACE("version " + std::to_string(version));
      expect_rows(table, table.snapshot_at(version), old);
    }
  }

  static test::TempFolder* unpacked_;
};

test::TempFolder* DeltaConformance::unpacked_ = nullptr;

TEST_F(DeltaConformance, ReadsTheTablesOfOthersOrRefusesThemByName) {
  if (unpacked_ == nullptr) {
    ASSERT_FALSE(test::must_not_skip()) << "the shared folder delta-conformance is not there";
    GTEST_SKIP() << "the shared folder delta-conformance is not there (set LAKEWARD_SHARED)";
  }
  const std::vector<Case> cases = read_cases();
  ASSERT_GT(cases.size(), 90u);
  for (const Case& item : cases) {
    SCOPED_TRACE(item.name);
    check(item);
  }
}

}  // namespace
}  // namespace lakeward::delta
