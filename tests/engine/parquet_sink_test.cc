// Files of our own encoders, read by DuckDB.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "engine/parquet_writer.h"
#include "engine/session.h"
#include "engine/sql_text.h"

namespace lakeward::engine {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class ParquetSink : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder_);
    DatabaseOptions options;
    options.threads = 2;
    database_ = std::move(Database::open(options)).value();
    session_ = std::move(database_->make_session()).value();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Result<std::vector<WrittenFile>> write(const std::string& select,
                                         const std::vector<std::string>& columns,
                                         uint64_t row_group_rows = 122'880) {
    ParquetOptions options;
    options.columns = columns;
    options.row_group_rows = row_group_rows;
    return write_parquet(*session_, select, folder_, options);
  }

  std::string scalar(const std::string& sql) {
    const auto rows = session_->query("SELECT (" + sql + ")::VARCHAR");
    EXPECT_TRUE(rows.ok()) << rows.status().message();
    return rows.ok() ? rows->text(0, 0) : "";
  }

  static std::string quoted(const WrittenFile& file) { return quote_literal(file.path.string()); }

  std::string created_by(const WrittenFile& file) {
    return scalar("SELECT created_by FROM parquet_file_metadata(" + quoted(file) + ")");
  }

  // Writes `select` and reads it again: the same rows and types, and what is said of them is true.
  void expect_round_trip(const std::string& select, const std::vector<std::string>& columns,
                         uint64_t row_group_rows = 122'880) {
    SCOPED_TRACE(select);
    const Status made = session_->execute("CREATE OR REPLACE TEMP TABLE original AS " + select);
    ASSERT_TRUE(made.ok()) << made.message();
    const auto files = write("FROM original", columns, row_group_rows);
    ASSERT_TRUE(files.ok()) << files.status().message();
    ASSERT_THAT(*files, SizeIs(1));
    const WrittenFile& file = files->front();
    EXPECT_THAT(created_by(file), HasSubstr("Lakeward version "));
    EXPECT_EQ(std::to_string(file.rows), scalar("SELECT count(*) FROM original"));
    EXPECT_EQ(file.bytes, std::filesystem::file_size(file.path));
    const std::string read = "read_parquet(" + quoted(file) + ")";
    EXPECT_EQ(scalar("SELECT count(*) FROM (FROM original EXCEPT ALL FROM " + read + ")"), "0");
    EXPECT_EQ(scalar("SELECT count(*) FROM " + read), std::to_string(file.rows));
    const std::string types = "SELECT string_agg(column_name || ' ' || column_type) FROM ";
    EXPECT_EQ(scalar(types + "(DESCRIBE FROM " + read + ")"),
              scalar(types + "(DESCRIBE original)"));
    for (const std::string& column : columns) expect_true(file.columns.at({column}), column);
  }

  void expect_true(const ColumnStatistics& statistics, const std::string& column) {
    SCOPED_TRACE(column);
    const std::string name = quote_identifier(column);
    EXPECT_EQ(std::to_string(statistics.null_count.value()),
              scalar("SELECT count(*) - count(" + name + ") FROM original"));
    const std::string type = scalar("SELECT any_value(typeof(" + name + ")) FROM original");
    for (const auto& [function, text] :
         {std::pair("min", statistics.min), std::pair("max", statistics.max)}) {
      if (!text || type == "BLOB") continue;
      EXPECT_EQ(scalar("SELECT CAST(" + quote_literal(*text) + " AS " + type +
                       ") IS NOT DISTINCT FROM " + function + "(" + name + ") FROM original"),
                "true")
          << function << ": " << *text;
    }
  }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() /
      (std::string("lakeward_parquet_sink_") +
       ::testing::UnitTest::GetInstance()->current_test_info()->name());
  std::unique_ptr<Database> database_;
  std::unique_ptr<Session> session_;
};

TEST_F(ParquetSink, GivesBackEachType) {
  expect_round_trip(
      "SELECT (n % 251 - 125)::TINYINT AS i8, (n * 7 % 60000 - 30000)::SMALLINT AS i16, "
      "(n * 1000003)::INTEGER AS i32, n * 1000000007 * CASE WHEN n % 2 = 0 THEN 1 ELSE -1 END AS "
      "i64, "
      "n % 3 = 0 AS b, (n / 7)::FLOAT AS f, n / 7 AS d, 'text ' || (n % 400) AS s, "
      "('\\xFF\\x00' || (n % 10))::BLOB AS raw, DATE '2026-01-01' + (n % 900)::INTEGER AS day, "
      "TIMESTAMP '2026-01-01' + INTERVAL 1 SECOND * n AS local, "
      "TIMESTAMPTZ '2026-01-01 00:00:00+00' + INTERVAL 1 MICROSECOND * n AS instant, "
      "(n % 100)::DECIMAL(4,1) AS d4, (n * 1.25)::DECIMAL(9,2) AS d9, "
      "(n * -1.125)::DECIMAL(18,3) AS d18 FROM range(2000) t(n)",
      {"i8", "i16", "i32", "i64", "b", "f", "d", "s", "raw", "day", "local", "instant", "d4", "d9",
       "d18"});
}

TEST_F(ParquetSink, KeepsNullsWhereverTheyAre) {
  for (const char* is_null :
       {"n % 3 = 0", "n % 3 <> 0", "true", "n < 30000", "n >= 30000", "n = 40959"}) {
    expect_round_trip(std::string("SELECT CASE WHEN ") + is_null +
                          " THEN NULL ELSE n END AS i, CASE WHEN " + is_null +
                          " THEN NULL ELSE 'v' || n % 5 END AS s, CASE WHEN " + is_null +
                          " THEN NULL ELSE n % 2 = 0 END AS b FROM range(50000) t(n)",
                      {"i", "s", "b"});
  }
}

TEST_F(ParquetSink, GivesUpDictionariesThatGrow) {
  expect_round_trip(
      // Few values at first, many later; the other way round; and all of them another.
      "SELECT CASE WHEN n < 60000 THEN n % 9 ELSE n END AS late, "
      "CASE WHEN n < 60000 THEN 'a' || n ELSE 'b' END AS early, n AS never, "
      "md5(n::VARCHAR) AS hash, 7 AS one FROM range(200000) t(n)",
      {"late", "early", "never", "hash", "one"});
}

TEST_F(ParquetSink, EndsRowGroupsByRowsAndByBytes) {
  expect_round_trip("SELECT n, 'x' || n % 100 AS s FROM range(50000) t(n)", {"n", "s"}, 10'000);
  const auto files =
      write("SELECT repeat(md5(n::VARCHAR), 1000) AS s FROM range(12000) t(n)", {"s"});
  ASSERT_TRUE(files.ok()) << files.status().message();
  EXPECT_NE(scalar("SELECT max(row_group_id) FROM parquet_metadata(" + quoted(files->at(0)) + ")"),
            "0");
}

// Their pages end by what the rows hold, whether or not a dictionary holds it once.
TEST_F(ParquetSink, WritesLargeTextsThatComeAgainAndAgain) {
  const char* texts[] = {"CASE WHEN n % 2 = 0 THEN repeat('x', 120000) ELSE n::VARCHAR END",
                         "repeat(chr(65 + (n % 3)::INTEGER), 120000)"};
  for (const std::string text : texts) {
    const std::string select = "SELECT " + text + " AS s FROM range(20480) t(n)";
    const auto files = write(select, {"s"});
    ASSERT_TRUE(files.ok()) << files.status().message();
    const std::string sum = "SELECT sum(length(s)) || ' ' || count(DISTINCT s) FROM ";
    EXPECT_EQ(scalar(sum + "read_parquet(" + quoted(files->at(0)) + ")"),
              scalar(sum + "(" + select + ")"));
  }
}

TEST_F(ParquetSink, KeepsOddValues) {
  expect_round_trip(
      "SELECT * FROM (VALUES ('', 'infinity'::DOUBLE, 'infinity'::TIMESTAMP, 0.0::FLOAT), "
      "('é\xF0\x9F\x98\x80', '-infinity'::DOUBLE, '-infinity'::TIMESTAMP, -0.0::FLOAT), "
      "(chr(0), 1e-300, '0044-03-15 (BC)'::TIMESTAMP, 1e38::FLOAT), "
      "(repeat('long ', 100000), 1e300, '9999-12-31 23:59:59.999999'::TIMESTAMP, NULL)) "
      "t(s, d, t, f)",
      {"s", "d", "t", "f"});
  const auto files = write("SELECT unnest([1.5, 'nan'::DOUBLE, NULL]) AS d", {"d"});
  ASSERT_TRUE(files.ok());
  EXPECT_TRUE(files->at(0).columns.at({"d"}).has_nan);
  EXPECT_EQ(
      scalar("SELECT count(*) FROM read_parquet(" + quoted(files->at(0)) + ") WHERE isnan(d)"),
      "1");
}

TEST_F(ParquetSink, LeavesTypesThatItDoesNotKnowToDuckDb) {
  for (const char* select :
       {"SELECT [n] AS x FROM range(9) t(n)", "SELECT {'a': n} AS x FROM range(9) t(n)",
        "SELECT n::DECIMAL(30,2) AS x FROM range(9) t(n)", "SELECT uuid() AS x FROM range(9)",
        "SELECT n::HUGEINT AS x FROM range(9) t(n)"}) {
    const auto files = write(select, {"x"});
    ASSERT_TRUE(files.ok()) << select << files.status().message();
    ASSERT_THAT(*files, SizeIs(1));
    EXPECT_EQ(files->at(0).rows, 9u);
    EXPECT_THAT(created_by(files->at(0)), HasSubstr("DuckDB"));
  }
}

TEST_F(ParquetSink, MakesNoFileOfNoRows) {
  const auto files = write("SELECT n FROM range(9) t(n) WHERE n > 10", {"n"});
  ASSERT_TRUE(files.ok()) << files.status().message();
  EXPECT_THAT(*files, SizeIs(0));
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(ParquetSink, LeavesNoFileWhenTheQueryFails) {
  const auto files = write(
      "SELECT n, CASE WHEN n = 450000 THEN error('stop') ELSE 'x' || n END AS s "
      "FROM range(500000) t(n)",
      {"n", "s"});
  ASSERT_FALSE(files.ok());
  EXPECT_THAT(files.status().message(), HasSubstr("stop"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(ParquetSink, RefusesToWriteOutsideOfAQueryOfOurs) {
  const auto rows = session_->query("SELECT lakeward_parquet(12345::UBIGINT, 1)");
  ASSERT_FALSE(rows.ok());
  EXPECT_THAT(rows.status().message(), HasSubstr("lakeward_parquet"));
}

}  // namespace
}  // namespace lakeward::engine
