#include "engine/session.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <mutex>
#include <vector>

#include "engine/parquet_writer.h"

namespace lakeward::engine {
namespace {

std::unique_ptr<Database> open_database() {
  DatabaseOptions options;
  options.threads = 2;
  return std::move(Database::open(options)).value();
}

// Numbers 0 … count-1 with a text each; several producers share them.
class Numbers final : public TableSource {
 public:
  explicit Numbers(int64_t count, Status failure = {}) : count_(count), failure_(failure) {}
  const Schema& schema() const override { return schema_; }
  Result<std::unique_ptr<TableScan>> scan(const std::vector<size_t>& columns) override {
    last_columns = columns;
    return std::unique_ptr<TableScan>(std::make_unique<Scan>(*this, columns));
  }
  std::vector<size_t> last_columns;

 private:
  class Scan final : public TableScan, public ChunkProducer {
   public:
    Scan(Numbers& numbers, std::vector<size_t> columns)
        : numbers_(numbers), columns_(std::move(columns)) {}
    size_t max_threads() const override { return 2; }
    Result<std::unique_ptr<ChunkProducer>> make_producer() override {
      return std::unique_ptr<ChunkProducer>(std::make_unique<Producer>(*this));
    }
    Result<size_t> fill(ChunkWriter& chunk) override {
      const int64_t begin = next_.fetch_add(kChunkRows);
      if (begin >= numbers_.count_) {
        if (!numbers_.failure_.ok()) return numbers_.failure_;
        return size_t{0};
      }
      const size_t rows = std::min<int64_t>(kChunkRows, numbers_.count_ - begin);
      for (size_t c = 0; c < columns_.size(); ++c) {
        for (size_t i = 0; i < rows; ++i) {
          const int64_t n = begin + i;
          if (columns_[c] == 0) {
            chunk.column(c).data<int64_t>()[i] = n;
          } else if (n % 10 == 0) {
            chunk.column(c).set_null(i);
          } else {
            chunk.column(c).set_copied_string(i, "a text longer than twelve: " + std::to_string(n));
          }
        }
      }
      return rows;
    }

   private:
    struct Producer final : ChunkProducer {
      explicit Producer(Scan& scan) : scan(scan) {}
      Result<size_t> fill(ChunkWriter& chunk) override { return scan.fill(chunk); }
      Scan& scan;
    };
    Numbers& numbers_;
    std::vector<size_t> columns_;
    std::atomic<int64_t> next_{0};
  };

  int64_t count_;
  Status failure_;
  Schema schema_ = {{"n", "BIGINT"}, {"words", "VARCHAR"}};
};

TEST(Session, ReadsARelationThatCppProduces) {
  const auto database = open_database();
  const auto session = std::move(database->make_session()).value();
  Numbers numbers(100'000);
  ASSERT_TRUE(session->define_relation("input", numbers).ok());
  const auto rows = session->query("SELECT sum(n)::BIGINT, count(words), count(*) FROM input");
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  EXPECT_EQ(rows->integer(0, 0), 100'000LL * 99'999 / 2);
  EXPECT_EQ(rows->integer(0, 1), 90'000);
  EXPECT_EQ(rows->integer(0, 2), 100'000);
}

TEST(Session, AsksARelationOnlyForTheColumnsThatAQueryUses) {
  const auto database = open_database();
  const auto session = std::move(database->make_session()).value();
  Numbers numbers(10);
  ASSERT_TRUE(session->define_relation("input", numbers).ok());
  ASSERT_TRUE(session->query("SELECT max(words) FROM input").ok());
  EXPECT_EQ(numbers.last_columns, std::vector<size_t>{1});
}

TEST(Session, ReturnsTheStatusWithWhichARelationFailed) {
  const auto database = open_database();
  const auto session = std::move(database->make_session()).value();
  Numbers numbers(10, unavailable("the broker is away"));
  ASSERT_TRUE(session->define_relation("input", numbers).ok());
  const auto rows = session->query("SELECT sum(n) FROM input");
  EXPECT_EQ(rows.status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(rows.status().message(), "the broker is away");
}

TEST(Session, DoesNotSeeViewsOfAnotherSession) {
  const auto database = open_database();
  const auto one = std::move(database->make_session()).value();
  const auto other = std::move(database->make_session()).value();
  ASSERT_TRUE(one->define_view("silver.readings", "SELECT 1 AS x").ok());
  EXPECT_EQ(one->query("SELECT x FROM silver.readings")->integer(0, 0), 1);
  EXPECT_EQ(other->query("SELECT x FROM silver.readings").status().code(),
            StatusCode::kInvalidArgument);
}

struct NotingGate final : RowGate {
  void pass_rows(std::span<const uint64_t> masks, std::span<const uint64_t> positions,
                 bool* pass) override {
    std::lock_guard lock(mutex);
    for (size_t i = 0; i < masks.size(); ++i) {
      pass[i] = masks[i] == 0;
      if (!pass[i]) refused.push_back(positions[i]);
      ++seen;
    }
  }
  std::mutex mutex;
  std::vector<uint64_t> refused;
  size_t seen = 0;
};

TEST(RowGate, SeesEachRowOnceAndKeepsOutWhatBreaksACheck) {
  const auto database = open_database();
  const auto session = std::move(database->make_session()).value();
  NotingGate gate;
  const std::string id = std::to_string(session->add_gate(gate));
  const auto rows =
      session->query("SELECT count(*) FROM range(10000) t(n) WHERE lakeward_gate(" + id +
                     "::UBIGINT, CASE WHEN n % 1000 = 7 THEN 1 ELSE 0 END::UBIGINT, n::UBIGINT)");
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  EXPECT_EQ(rows->integer(0, 0), 9'990);
  EXPECT_EQ(gate.seen, 10'000u);
  EXPECT_EQ(gate.refused.size(), 10u);
}

TEST(ParquetWriter, ReturnsStatisticsAndPartitionsOfEachFile) {
  const auto database = open_database();
  const auto session = std::move(database->make_session()).value();
  const auto folder = std::filesystem::temp_directory_path() / "lakeward_parquet_writer_test";
  std::filesystem::remove_all(folder);
  ParquetOptions options;
  options.partition_by = {"k"};
  const auto files = write_parquet(
      *session,
      "SELECT n AS \"a \"\"n\"\"\", CASE WHEN n % 2 = 0 THEN 'even' END AS k, {'x': n} AS s "
      "FROM range(10) t(n)",
      folder, options);
  ASSERT_TRUE(files.ok()) << files.status().message();
  ASSERT_EQ(files->size(), 2u);
  uint64_t rows = 0;
  for (const WrittenFile& file : *files) {
    rows += file.rows;
    ASSERT_EQ(file.partition.size(), 1u);
    EXPECT_EQ(file.partition[0].first, "k");
    const bool even = file.partition[0].second.has_value();
    EXPECT_EQ(file.columns.at({"a \"n\""}).min, even ? "0" : "1");
    EXPECT_EQ(file.columns.at({"s", "x"}).max, even ? "8" : "9");
    EXPECT_EQ(file.columns.at({"s", "x"}).null_count, 0u);
    EXPECT_TRUE(std::filesystem::exists(file.path));
  }
  EXPECT_EQ(rows, 10u);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace lakeward::engine
