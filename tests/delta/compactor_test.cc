#include "delta/compactor.h"

#include <gmock/gmock.h>

#include <atomic>
#include <set>
#include <thread>

#include "delta/log.h"
#include "delta_fixture.h"
#include "io/memory_store.h"

namespace lakeward::delta {
namespace {

using test::Fault;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr TierPolicy kThree{.fan_in = 3, .max_files = 8, .settled_files = 3};

class DeltaCompactor : public DeltaTest {
 protected:
  std::unique_ptr<Compactor> compactor(const std::string& path = "t", TierPolicy policy = kThree) {
    return must(Compactor::open(store_, path, database(), clock_, policy));
  }
  void append_numbers(TableWriter& writer, int from, int to, const std::string& path = "t") {
    for (int i = from; i < to; ++i) {
      CommitRequest request;
      request.adds = write(writer, "SELECT " + std::to_string(i) + " AS a", path);
      request.txn = Txn{"pipeline", i, std::nullopt};
      must(writer.commit(request));
    }
  }
  // Whether the rows are 0, 1, … count - 1.
  void expect_numbers(const Table& table, int count) {
    std::multiset<std::string> expected;
    for (int i = 0; i < count; ++i) expected.insert("(" + std::to_string(i) + ")");
    const std::vector<std::string> found = rows(table);
    EXPECT_EQ(std::multiset<std::string>(found.begin(), found.end()), expected);
  }
  size_t live(const Table& table) { return must(table.snapshot()).files.size(); }
};

TEST_F(DeltaCompactor, MergesATierOnceItIsFull) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a");
  const auto merging = compactor();
  append_numbers(writer, 0, 2);
  EXPECT_EQ(must(merging->run_round()).totals.commits, 0u);
  append_numbers(writer, 2, 3);
  const MergeCommit done = must(merging->run_round());
  EXPECT_EQ(done.totals.files_removed, 3u);
  EXPECT_EQ(live(table), 1u);
  append_numbers(writer, 3, 6);
  must(merging->run_round());
  EXPECT_EQ(live(table), 2u);
  append_numbers(writer, 6, 9);
  EXPECT_EQ(must(merging->run_round()).totals.files_removed, 5u);  // both tiers at once
  EXPECT_EQ(live(table), 1u);
  expect_numbers(table, 9);
  EXPECT_EQ(merging->totals().rows, 3u + 3u + 9u);
  const CommitActions commit = must(table.read_commit(must(table.latest_version())));
  EXPECT_EQ(commit.info->operation_parameters.at("auto"), "true");
  EXPECT_TRUE(commit.txns.empty());
}

TEST_F(DeltaCompactor, IsSeenByTheAppendingWriterWithoutAConflict) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a");
  const auto merging = compactor();
  append_numbers(writer, 0, 3);
  must(merging->run_round());
  CommitRequest request = append_request(writer, "SELECT 3 AS a", 3);
  store_.inject({.call = 1'000'000});
  EXPECT_EQ(must(writer.commit(request)).version, 4);
  // One try in vain, one look at what took the version, one more try: whatever the log's length.
  EXPECT_THAT(store_.calls(),
              ::testing::ElementsAre(HasSubstr("put_if_absent"), HasSubstr("get "),
                                     HasSubstr("get "), HasSubstr("put_if_absent")));
  EXPECT_EQ(writer.last_txn("pipeline"), 3);
}

TEST_F(DeltaCompactor, MergesAcrossAChangeOfTheSchema) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a");
  const auto merging = compactor();
  append_numbers(writer, 0, 2);
  must(merging->run_round());
  const std::string wider = "SELECT 2 AS a, 'new' AS b";
  const WritePlan plan =
      must(plan_write(must(session_->describe(wider)), writer.state().schema, true, "t"));
  CommitRequest request;
  request.adds = must(write_files(*session_, wider, plan, store_, "t", {}, clock_)).adds;
  request.new_schema = plan.schema;
  must(writer.commit(request));
  EXPECT_EQ(must(merging->run_round()).totals.files_added, 1u);
  EXPECT_THAT(rows(table), ::testing::ElementsAre("(0, NULL)", "(1, NULL)", "(2, new)"));
}

TEST_F(DeltaCompactor, BeginsAnewWhenTheLogHasExpiredMeanwhile) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a");
  ManualClock clock(clock_.now());
  const auto merging = must(Compactor::open(store_, "t", database(), clock, kThree));
  append_numbers(writer, 0, 2);
  must(merging->run_round());
  append_numbers(writer, 2, 12);
  for (int version = 0; version < 10; ++version) {
    must(real_store_->remove("t/_delta_log/" + version_digits(version) + ".json"));
  }
  clock.advance(std::chrono::hours(2));
  must(merging->run_round());
  EXPECT_LT(live(table), 4u);
  expect_numbers(table, 12);
}

TEST_F(DeltaCompactor, MergesWhatItCanAndSaysWhatItCannot) {
  Table table = open_table();
  TableWriter writer =
      open_writer(table, "SELECT 1 AS a, 1 AS p",
                  {.schema = {}, .partition_by = {"p"}, .properties = {}, .description = {}});
  for (int i = 0; i < 3; ++i) append(writer, "SELECT 1 AS a, p::INTEGER AS p FROM range(3) r(p)");
  const std::string lost = must(table.snapshot()).files[0].path;
  must(real_store_->remove("t/" + lost));
  const auto merging = compactor();
  EXPECT_EQ(must(merging->run_round()).totals.files_added, 2u);
  EXPECT_EQ(live(table), 5u);  // the other two partitions are merged
  EXPECT_EQ(merging->problem().code(), StatusCode::kCorruption);
  EXPECT_THAT(merging->problem().message(), HasSubstr(lost));
  must(merging->run_round().status());
  EXPECT_FALSE(merging->problem().ok());  // it is not forgotten
}

TEST_F(DeltaCompactor, LosesNoRowWhicheverCallFails) {
  for (const bool crash : {false, true}) {
    for (const auto when : {Fault::kBefore, Fault::kAfter}) {
      for (size_t call = 0;; ++call) {
        const std::string path =
            "t" + std::to_string(call) + (crash ? "c" : "f") + (when == Fault::kBefore ? "b" : "a");
        Table table = open_table(path);
        TableWriter writer = open_writer(table, "SELECT 1 AS a");
        append_numbers(writer, 0, 3, path);
        auto merging = compactor(path);
        store_.inject({.call = call, .when = when, .crash = crash});
        const auto round = merging->run_round();
        const bool happened = store_.happened();
        store_.heal();
        if (crash) merging = compactor(path);  // another process
        append_numbers(writer, 3, 4, path);
        must(merging->run_round().status());
        ASSERT_NO_FATAL_FAILURE(expect_numbers(table, 4)) << "call " << call;
        ASSERT_LE(live(table), 2u) << "call " << call;
        ASSERT_EQ(writer.last_txn("pipeline"), 3);
        if (happened) continue;
        EXPECT_TRUE(round.ok());
        EXPECT_GT(call, 5u);
        break;
      }
    }
  }
}

TEST_F(DeltaCompactor, LosesNothingBesideOtherWritersAndCompactors) {
  constexpr int kEpochs = 60;
  {
    Table table = open_table();
    TableWriter writer = open_writer(table, "SELECT 1 AS a");
    append_numbers(writer, 0, 1);
  }
  std::atomic<bool> finished = false;
  std::atomic<uint64_t> merges = 0;
  std::vector<std::string> failures;
  std::mutex mutex;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      const auto merging = compactor();
      for (bool last = false; !last;) {
        last = finished;
        const auto round = merging->run_round();
        if (!round.ok()) {
          const std::lock_guard lock(mutex);
          failures.push_back(round.status().message());
        }
      }
      merges += merging->totals().commits;
    });
  }
  Table table = open_table();
  TableWriter writer = must(TableWriter::open(table, clock_));
  append_numbers(writer, 1, kEpochs);
  finished = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(failures, SizeIs(0));
  EXPECT_GT(merges, 5u);
  expect_numbers(table, kEpochs);
  EXPECT_LT(live(table), 20u);
}

// A table that is fed once a second for an hour, with a file that is made once and copied.
class DeltaCompactorHour : public DeltaTest {
 protected:
  void SetUp() override {
    NewTable definition;
    definition.partition_by = {"p"};
    definition.properties = {{"delta.checkpointInterval", "200"}};
    definition.schema = must(delta_schema(must(session_->describe("SELECT 1 AS a, 1 AS p"))));
    table_.emplace(must(Table::open(memory_, "t", database())));
    writer_.emplace(must(TableWriter::open_or_create(*table_, definition, time_)));
    writer_->keep_file_changes();
    const std::string select = "SELECT range::INTEGER AS a, 0 AS p FROM range(10)";
    const WritePlan plan =
        must(plan_write(must(session_->describe(select)), definition.schema, false, "t"));
    template_ = must(write_files(*session_, select, plan, memory_, "t",
                                 data_writer_options(writer_->state().metadata), time_))
                    .adds.at(0);
    bytes_ = must(memory_.get("t/" + template_.path));
  }
  void feed(int64_t epoch, int partition) {
    CommitRequest request;
    AddFile add = template_;
    add.path = "p=" + std::to_string(partition) + "/part-" + std::to_string(epoch) + ".parquet";
    add.partition_values["p"] = std::to_string(partition);
    add.modified_ms = time_.now().millis();
    must(memory_.put("t/" + add.path, bytes_));
    request.adds = {add};
    request.txn = Txn{"pipeline", epoch, std::nullopt};
    must(writer_->commit(request));
  }
  // Live files by partition, as the appending writer knows them.
  const std::map<std::string, std::set<std::string>>& live() {
    for (const FileChanges& changes : writer_->take_file_changes()) {
      for (const RemoveFile& file : changes.removes) {
        for (auto& [partition, files] : live_) files.erase(file.path);
      }
      for (const AddFile& file : changes.adds) {
        live_[partition_key(file.partition_values)].insert(file.path);
      }
    }
    return live_;
  }

  io::MemoryStore memory_;
  ManualClock time_{Timestamp{1'767'225'600'000'000}};
  std::optional<Table> table_;
  std::optional<TableWriter> writer_;
  AddFile template_;
  std::string bytes_;
  std::map<std::string, std::set<std::string>> live_;
};

TEST_F(DeltaCompactorHour, HasAtMostSixtyFilesAPartitionAtEveryMoment) {
  constexpr int kSeconds = 3'600;
  const auto merging = must(Compactor::open(memory_, "t", database(), time_));
  for (int second = 0; second < kSeconds; ++second) {
    feed(second, second * 2 / kSeconds);
    for (const auto& [partition, files] : live()) ASSERT_LE(files.size(), 60u) << second;
    must(merging->run_round().status());
    time_.advance(std::chrono::seconds(1));
  }
  must(writer_->refresh());
  EXPECT_EQ(writer_->last_txn("pipeline"), kSeconds - 1);
  size_t known = 0;
  for (const auto& [partition, files] : live()) known += files.size();
  const Snapshot snapshot = must(table_->snapshot());
  EXPECT_EQ(snapshot.files.size(), known);  // the writer has seen every merge
  const Scan all = must(scan(*table_, snapshot));
  EXPECT_THAT(rows_of(all, "SELECT p, count(*), sum(a) FROM t GROUP BY p"),
              ::testing::ElementsAre("(0, 18000, 81000)", "(1, 18000, 81000)"));
  // Each row is written by the pipeline once, and again about twice.
  EXPECT_LE(merging->totals().rows, 3u * 10u * kSeconds);
  EXPECT_LE(merging->totals().commits, kSeconds / 15u);
}

}  // namespace
}  // namespace lakeward::delta
