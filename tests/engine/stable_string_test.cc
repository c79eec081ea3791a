// Text that a producer lends to the engine without a copy (ColumnWriter::set_stable_string) is
// overwritten here as soon as the contract allows it, under every kind of operator that might keep
// a chunk for longer than it should.
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <filesystem>

#include "engine/parquet_writer.h"
#include "engine/session.h"

namespace lakeward::engine {
namespace {

constexpr int64_t kRows = 300'000;

std::string text_of(int64_t n) {
  return "number " + std::to_string(n % 5'000) + " in a text that is not inlined";
}

class PoisoningSource final : public TableSource {
 public:
  const Schema& schema() const override { return schema_; }
  Result<std::unique_ptr<TableScan>> scan(const std::vector<size_t>& columns) override {
    return std::unique_ptr<TableScan>(std::make_unique<Scan>(columns));
  }

 private:
  struct Scan final : TableScan {
    explicit Scan(std::vector<size_t> columns) : columns(std::move(columns)) {}
    size_t max_threads() const override { return 2; }
    Result<std::unique_ptr<ChunkProducer>> make_producer() override {
      return std::unique_ptr<ChunkProducer>(std::make_unique<Producer>(*this));
    }
    std::vector<size_t> columns;
    std::atomic<int64_t> next{0};
  };

  struct Producer final : ChunkProducer {
    explicit Producer(Scan& scan) : scan(scan) {}
    Result<size_t> fill(ChunkWriter& chunk) override {
      // The chunk before the last one is over: whoever still looks at it sees crosses.
      if (lent.size() == 2) {
        std::fill(lent.front().begin(), lent.front().end(), 'x');
        retired.push_back(std::move(lent.front()));
        lent.pop_front();
      }
      const int64_t begin = scan.next.fetch_add(kChunkRows);
      if (begin >= kRows) return size_t{0};
      const size_t rows = std::min<int64_t>(kChunkRows, kRows - begin);
      std::string& block = lent.emplace_back();
      block.reserve(rows * 64);
      for (size_t i = 0; i < rows; ++i) {
        const int64_t n = begin + static_cast<int64_t>(i);
        const std::string text = text_of(n);
        const char* place = block.data() + block.size();
        block += text;
        for (size_t c = 0; c < scan.columns.size(); ++c) {
          if (scan.columns[c] == 0) {
            chunk.column(c).data<int64_t>()[i] = n;
          } else {
            chunk.column(c).set_stable_string(i, place, text.size());
          }
        }
      }
      return rows;
    }
    Scan& scan;
    std::deque<std::string> lent;
    std::deque<std::string> retired;  // keeps poisoned memory mapped, so that a late read is seen
  };

  Schema schema_ = {{"n", "BIGINT"}, {"words", "VARCHAR"}};
};

// Each statement yields rows (n, words); every one must say words = text_of(n).
const char* const kStatements[] = {
    "SELECT n, words FROM input",
    "SELECT n, words FROM input WHERE n % 97 = 0",
    "SELECT n, words FROM input WHERE n % 1000 < 3 ORDER BY words DESC, n",
    "SELECT n, words FROM input ORDER BY n LIMIT 5000",
    "SELECT any_value(n) AS n, words FROM input GROUP BY words",
    "SELECT max(n) AS n, max_by(words, n) AS words FROM input GROUP BY n % 5000",
    "SELECT i.n, i.words FROM input i JOIN range(0, 300000, 7) r(k) ON i.n = r.k",
    "SELECT i.n, i.words FROM range(0, 300000, 7) r(k) LEFT JOIN input i ON i.n = r.k",
    "SELECT i.n, i.words FROM input i, range(3) r(k) WHERE i.n % 50 = 0 AND i.n > r.k",
    "SELECT n, lag(words, 0) OVER (ORDER BY n) AS words FROM input WHERE n % 11 = 0",
    "SELECT n, first_value(words) OVER (PARTITION BY n) AS words FROM input WHERE n % 13 = 0",
    "SELECT n, words FROM input UNION ALL SELECT n, words FROM input WHERE n < 10",
    "SELECT n, words FROM input UNION SELECT n, words FROM input WHERE n < 10000",
    "SELECT n, unnest([words, words]) AS words FROM input WHERE n % 3 = 0",
    "WITH t AS MATERIALIZED (SELECT n, words FROM input WHERE n % 5 = 0) SELECT * FROM t",
    "SELECT n, words FROM (SELECT DISTINCT ON (n) n, words FROM input)",
    "SELECT n, words FROM input USING SAMPLE 1000 ROWS",
};

class StableString : public testing::TestWithParam<const char*> {};

TEST_P(StableString, IsCopiedByOperatorsThatKeepIt) {
  DatabaseOptions options;
  options.threads = 2;
  const auto database = std::move(Database::open(options)).value();
  const auto session = std::move(database->make_session()).value();
  PoisoningSource source;
  ASSERT_TRUE(session->define_relation("input", source).ok());
  const std::string statement = GetParam();

  const auto rows = session->query(
      "SELECT count(*), count_if(words = 'number ' || n % 5000 || ' in a text that is not "
      "inlined')::BIGINT "
      "FROM (" +
      statement + ")");
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  EXPECT_GT(rows->integer(0, 0), 0);
  EXPECT_EQ(rows->integer(0, 0), rows->integer(0, 1));

  const auto stream = session->stream(statement);
  ASSERT_TRUE(stream.ok()) << stream.status().message();
  size_t wrong = 0;
  while (true) {
    const auto chunk = (*stream)->next();
    ASSERT_TRUE(chunk.ok());
    if (!chunk->has_value()) break;
    const VectorView n = (*chunk)->column(0);
    const VectorView words = (*chunk)->column(1);
    for (size_t i = 0; i < (*chunk)->rows(); ++i) {
      wrong += words.string(i) != text_of(n.get<int64_t>(i));
    }
  }
  EXPECT_EQ(wrong, 0u);

  const auto folder = std::filesystem::temp_directory_path() /
                      ("lakeward_stable_string_test_" + std::to_string(::getpid()));
  const auto files = write_parquet(*session, statement, folder, {});
  ASSERT_TRUE(files.ok()) << files.status().message();
  const auto written = session->query(
      "SELECT count(*), count_if(words = 'number ' || n % 5000 || ' in a text that is not "
      "inlined')::BIGINT "
      "FROM '" +
      (folder / "*.parquet").string() + "'");
  ASSERT_TRUE(written.ok()) << written.status().message();
  EXPECT_GT(written->integer(0, 0), 0);
  EXPECT_EQ(written->integer(0, 0), written->integer(0, 1));
  std::filesystem::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(Operators, StableString, testing::ValuesIn(kStatements));

}  // namespace
}  // namespace lakeward::engine
