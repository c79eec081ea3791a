#include "checkpoint/checkpoint_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/memory_store.h"
#include "support/faulty_store.h"
#include "support/temp_folder.h"

namespace lakeward::checkpoint {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

constexpr const char* kFolder = "silver";

class CheckpointLogTest : public ::testing::Test {
 protected:
  std::unique_ptr<CheckpointLog> open() {
    Result<std::unique_ptr<CheckpointLog>> log = CheckpointLog::open(faulty_, kFolder, random_);
    EXPECT_TRUE(log.ok()) << log.status().message();
    return log.ok() ? std::move(log).value() : nullptr;
  }
  static PlannedEpoch epoch(int64_t id) {
    return {id,
            Timestamp::from_millis(1'700'000'000'000 + id),
            {R"({"seq1":{"0":)" + std::to_string(id) + "}}"},
            ""};
  }
  void put(const std::string& name, const std::string& bytes) {
    ASSERT_TRUE(store_.put(std::string(kFolder) + "/" + name, bytes).ok());
  }
  std::string get(const std::string& name) {
    return store_.get(std::string(kFolder) + "/" + name).value();
  }

  io::MemoryStore store_;
  test::FaultyStore faulty_{store_};
  Random random_{1};
};

TEST_F(CheckpointLogTest, GivesAPipelineOneIdForEver) {
  const std::string id = open()->query_id();
  EXPECT_THAT(id,
              MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_EQ(open()->query_id(), id);
  EXPECT_EQ(get("metadata"), R"({"id":")" + id + R"("})");
}

TEST_F(CheckpointLogTest, WritesTheBytesThatSparkWrites) {
  const auto log = open();
  ASSERT_TRUE(log->begin(epoch(0)).ok());
  ASSERT_TRUE(log->finish(0, "").ok());
  EXPECT_EQ(get("offsets/0"),
            "v1\n"
            R"({"batchWatermarkMs":0,"batchTimestampMs":1700000000000,"conf":{)"
            R"("spark.sql.streaming.stateStore.providerClass":"org.apache.spark.sql.execution.)"
            R"(streaming.state.HDFSBackedStateStoreProvider",)"
            R"("spark.sql.streaming.stateStore.rocksdb.formatVersion":"5",)"
            R"("spark.sql.streaming.stateStore.encodingFormat":"unsaferow",)"
            R"("spark.sql.streaming.statefulOperator.useStrictDistribution":"true",)"
            R"("spark.sql.streaming.flatMapGroupsWithState.stateFormatVersion":"2",)"
            R"("spark.sql.streaming.multipleWatermarkPolicy":"min",)"
            R"("spark.sql.streaming.aggregation.stateFormatVersion":"2",)"
            R"("spark.sql.shuffle.partitions":"200",)"
            R"("spark.sql.streaming.join.stateFormatVersion":"2",)"
            R"("spark.sql.streaming.stateStore.compression.codec":"lz4",)"
            R"("spark.sql.optimizer.pruneFiltersCanPruneStreamingSubplan":"false"}})"
            "\n"
            R"({"seq1":{"0":0}})");
  EXPECT_EQ(get("commits/0"), "v1\n{\"nextBatchWatermarkMs\":0}");
}

TEST_F(CheckpointLogTest, CarriesOnWhatTheLastMetadataLineSays) {
  put("metadata", R"({"id":"e9a4bf47-c8ed-4ea0-a95a-7a609aca1cd0"})");
  put("offsets/4",
      "v1\n{\"batchWatermarkMs\": 7, "
      "\"batchTimestampMs\":5,\"conf\":{\"a\":\"2\"},\"new\":[1]}\n-\n"
      "{\"logOffset\":4}\n");
  put("commits/4", "v1\n{}");
  const auto log = open();
  const auto recovered = log->recover();
  ASSERT_TRUE(recovered.ok()) << recovered.status().message();
  EXPECT_TRUE((*recovered)->committed);
  EXPECT_EQ((*recovered)->last.offsets,
            (std::vector<std::optional<std::string>>{std::nullopt, R"({"logOffset":4})"}));
  PlannedEpoch next = epoch(5);
  next.offsets = {std::nullopt, R"({"logOffset":5})"};
  next.extra = R"({"tables":{"silver.x":3}})";
  ASSERT_TRUE(log->begin(next).ok());
  EXPECT_EQ(get("offsets/5"),
            "v1\n{\"batchWatermarkMs\":7,\"batchTimestampMs\":1700000000005,\"conf\":{\"a\":\"2\"},"
            "\"new\":[1],\"lakeward\":{\"tables\":{\"silver.x\":3}}}\n-\n{\"logOffset\":5}");
  EXPECT_EQ(log->read(5)->extra, next.extra);
  PlannedEpoch after = epoch(6);  // without extra
  ASSERT_TRUE(log->begin(after).ok());
  EXPECT_THAT(get("offsets/6"), ::testing::Not(HasSubstr("lakeward")));
}

TEST_F(CheckpointLogTest, RepeatsAnUnfinishedEpochFromWhereTheOneBeforeEnded) {
  {
    const auto log = open();
    EXPECT_FALSE(log->recover()->has_value());
    ASSERT_TRUE(log->begin(epoch(0)).ok());
  }
  {
    const auto log = open();
    const auto recovered = log->recover();
    EXPECT_FALSE((*recovered)->committed);
    EXPECT_FALSE((*recovered)->previous.has_value());
    ASSERT_TRUE(log->finish(0, "").ok());
    ASSERT_TRUE(log->finish(0, "").ok()) << "again";
    ASSERT_TRUE(log->begin(epoch(1)).ok());
  }
  const auto recovered = open()->recover();
  EXPECT_FALSE((*recovered)->committed);
  EXPECT_EQ((*recovered)->last.time, epoch(1).time);
  EXPECT_EQ((*recovered)->previous->offsets, epoch(0).offsets);
}

TEST_F(CheckpointLogTest, LetsOnlyOneProcessPlanAnEpoch) {
  const auto one = open();
  const auto other = open();
  ASSERT_TRUE(one->begin(epoch(0)).ok());
  const Status refused = other->begin(epoch(0));
  EXPECT_EQ(refused.code(), StatusCode::kConflict);
  EXPECT_THAT(refused.message(), HasSubstr("another process"));
}

// As when it was asleep, and is about to try again.
TEST_F(CheckpointLogTest, DoesNotGoOnBehindAnotherProcess) {
  const auto one = open();
  const auto other = open();
  EXPECT_FALSE((*one->recover()).has_value());
  ASSERT_TRUE(one->begin(epoch(0)).ok());
  EXPECT_EQ((*one->recover())->last.id, 0) << "its own";
  ASSERT_TRUE(other->recover().ok());
  ASSERT_TRUE(other->finish(0, "").ok());
  EXPECT_TRUE((*one->recover())->committed) << "the other one has finished it";
  ASSERT_TRUE(other->begin(epoch(1)).ok());
  const Status refused = one->recover().status();
  EXPECT_EQ(refused.code(), StatusCode::kConflict);
  EXPECT_THAT(refused.message(), HasSubstr("epoch 1 has been planned by another process"));
}

TEST_F(CheckpointLogTest, KeepsTheAccountingOfAnEpoch) {
  const auto log = open();
  ASSERT_TRUE(log->begin(epoch(0)).ok());
  ASSERT_TRUE(log->finish(0, R"({"read":5})").ok());
  EXPECT_EQ(get("commits/0"), "v1\n{\"nextBatchWatermarkMs\":0,\"lakeward\":{\"read\":5}}");
  EXPECT_EQ(*log->read_commit(0), R"({"read":5})");
  EXPECT_EQ(log->read_commit(1).status().code(), StatusCode::kNotFound);
}

TEST_F(CheckpointLogTest, KeepsTheLastHundredEpochs) {
  const auto log = open();
  for (int64_t id = 0; id < 205; ++id) {
    ASSERT_TRUE(log->begin(epoch(id)).ok());
    ASSERT_TRUE(log->finish(id, "").ok());
  }
  for (const char* folder : {"silver/offsets", "silver/commits"}) {
    const auto files = store_.list(folder, "");
    EXPECT_EQ(files->size(), 100u);
    EXPECT_EQ(log->read(104).status().code(), StatusCode::kNotFound);
    EXPECT_TRUE(log->read(105).ok());
  }
  EXPECT_EQ((*open()->recover())->last.id, 204);
}

struct BadCase {
  std::vector<std::pair<const char*, const char*>> files;
  StatusCode code;
  const char* message;
};

TEST_F(CheckpointLogTest, SaysWhatIsWrongWithADamagedOrForeignCheckpoint) {
  const char* id = R"({"id":"x"})";
  const char* good = "v1\n{}\n{\"logOffset\":0}";
  for (const BadCase& c : std::vector<BadCase>{
           {{{"metadata", "hello"}}, StatusCode::kCorruption, "silver/metadata"},
           {{{"metadata", "{}"}}, StatusCode::kCorruption, "silver/metadata"},
           {{{"offsets/0", good}}, StatusCode::kCorruption, "no file 'metadata'"},
           {{{"metadata", id}, {"offsets/0", ""}},
            StatusCode::kCorruption,
            "silver/offsets/0 is empty"},
           {{{"metadata", id}, {"offsets/0", "v2\n{}\n-"}}, StatusCode::kUnsupported, "v2"},
           {{{"metadata", id}, {"offsets/0", "{}\n-"}}, StatusCode::kCorruption, "version line"},
           {{{"metadata", id}, {"offsets/0", "v1\n{}"}}, StatusCode::kCorruption, "first source"},
           {{{"metadata", id}, {"offsets/0", "v1\n[]\n-"}}, StatusCode::kCorruption, "JSON object"},
           {{{"metadata", id}, {"offsets/0", "v1\n{\"batchTimestampMs\":\"x\"}\n-"}},
            StatusCode::kCorruption,
            "batchTimestampMs"},
           {{{"metadata", id}, {"offsets/5", good}, {"commits/3", "v1\n{}"}},
            StatusCode::kCorruption,
            "the last committed one is 3"},
           {{{"metadata", id}, {"offsets/5", good}, {"commits/4", "v1\n{}"}},
            StatusCode::kCorruption,
            "silver/offsets/4"},
           {{{"metadata", id}, {"offsets/5", good}, {"commits/6", "v1\n{}"}},
            StatusCode::kCorruption,
            "the last committed one is 6"},
           {{{"metadata", id}, {"commits/0", "v1\n{}"}}, StatusCode::kCorruption, "no offsets"},
       }) {
    io::MemoryStore store;
    for (const auto& [name, bytes] : c.files) {
      ASSERT_TRUE(store.put(std::string("silver/") + name, bytes).ok());
    }
    const auto log = CheckpointLog::open(store, kFolder, random_);
    const Status status = log.ok() ? (*log)->recover().status() : log.status();
    EXPECT_EQ(status.code(), c.code) << c.message << ": " << status.message();
    EXPECT_THAT(status.message(), HasSubstr(c.message));
  }
}

// Fails the process at each call of the store while it makes three epochs; a new process always
// finds either the epoch unfinished, with the same plan, or finished.
TEST_F(CheckpointLogTest, IsWholeWhereverTheProcessDies) {
  for (const auto when : {test::Fault::kBefore, test::Fault::kAfter}) {
    for (size_t call = 0;; ++call) {
      io::MemoryStore store;
      test::FaultyStore faulty(store);
      faulty.inject({.call = call, .when = when, .crash = true, .code = StatusCode::kIoError});
      int64_t begun = -1;
      int64_t finished = -1;
      if (auto log = CheckpointLog::open(faulty, kFolder, random_); log.ok()) {
        (void)(*log)->recover();
        for (int64_t id = 0; id < 3; ++id) {
          if (!(*log)->begin(epoch(id)).ok()) break;
          begun = id;
          if (!(*log)->finish(id, "").ok()) break;
          finished = id;
        }
      }
      if (!faulty.happened()) break;
      auto log = CheckpointLog::open(store, kFolder, random_);
      ASSERT_TRUE(log.ok()) << log.status().message();
      const auto recovered = (*log)->recover();
      ASSERT_TRUE(recovered.ok()) << recovered.status().message();
      const int64_t last = *recovered ? (*recovered)->last.id : -1;
      EXPECT_GE(last, begun);
      EXPECT_LE(last, begun + 1);
      const int64_t done = !*recovered ? -1 : (*recovered)->committed ? last : last - 1;
      EXPECT_GE(done, finished);
      if (*recovered) {
        EXPECT_EQ((*recovered)->last.offsets, epoch(last).offsets);
      }
    }
  }
}

// Who only looks, as `status` and `doctor` do beside a run, leaves that to the run.
TEST(CheckpointLog, RemovesWhatACrashLeftOnlyWithTheLock) {
  const test::TempFolder folder;
  const auto store = io::make_local_store(folder.path());
  Random random(3);
  const auto make = [&] { return CheckpointLog::open(*store, kFolder, random).value(); };
  for (int64_t id = 0; id <= CheckpointLog::kKeptEpochs + 1; ++id) {
    const auto log = make();
    ASSERT_TRUE(log->begin({.id = id, .time = {}, .offsets = {"{}"}, .extra = {}}).ok());
    ASSERT_TRUE(log->finish(id, "").ok());
  }
  const std::string left = std::string(kFolder) + "/offsets/0";
  ASSERT_TRUE(store->put(left, store->get(std::string(kFolder) + "/offsets/2").value()).ok());
  ASSERT_TRUE(make()->recover().ok());
  EXPECT_TRUE(store->stat(left).ok());
  const auto running = make();
  ASSERT_TRUE(running->lock().ok());
  ASSERT_TRUE(running->recover().ok());
  EXPECT_EQ(store->stat(left).status().code(), StatusCode::kNotFound);
}

TEST(PipelineLock, KeepsASecondHolderOutAndNamesTheFirst) {
  const test::TempFolder folder;
  const auto store = io::make_local_store(folder.path());
  Random random(3);
  auto one = CheckpointLog::open(*store, kFolder, random);
  const auto other = CheckpointLog::open(*store, kFolder, random);
  ASSERT_TRUE(one.ok() && other.ok());
  ASSERT_TRUE((*one)->lock().ok());
  const Status refused = (*other)->lock();
  EXPECT_EQ(refused.code(), StatusCode::kConflict);
  EXPECT_THAT(refused.message(), HasSubstr("process " + std::to_string(::getpid()) + " on "));
  one->reset();  // as the kernel does for a process that was killed; the file stays
  EXPECT_TRUE((*other)->lock().ok());
}

}  // namespace
}  // namespace lakeward::checkpoint
