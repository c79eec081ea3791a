// The next epoch is written while one is being committed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <set>
#include <thread>

#include "stream/commit_worker.h"
#include "stream/pipeline_fixture.h"

namespace lakeward::stream {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> sorted(std::vector<std::string> rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
}

// What was reached, for threads that wait for it; a test that waits in vain fails instead of
// hanging.
class Steps {
 public:
  void reach(const std::string& step) {
    const std::lock_guard lock(mutex_);
    reached_.insert(step);
    changed_.notify_all();
  }
  bool wait_for(const std::string& step) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30),
                             [&] { return reached_.contains(step); });
  }
  bool has(const std::string& step) {
    const std::lock_guard lock(mutex_);
    return reached_.contains(step);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> reached_;
};

std::string step(const char* name, int64_t epoch) { return name + std::to_string(epoch); }

// Epochs of 10 rows into sinks that can overlap.
struct OverlappingPipeline : TestPipeline {
  OverlappingPipeline() {
    limits.rows = 10;
    table.overlaps = second_table.overlaps = dead_letters.overlaps = true;
    table.on_write = [this](int64_t epoch) { steps.reach(step("write ", epoch)); };
  }
  bool in_checkpoint(const std::string& file) { return store.stat("checkpoint/" + file).ok(); }

  Steps steps;
};

TEST(Overlap, WritesTheNextEpochWhileOneIsBeingCommitted) {
  OverlappingPipeline pipeline;
  pipeline.send(30);
  pipeline.table.on_commit = [&](int64_t epoch) {
    if (epoch == 2) return ok_status();  // the last one
    EXPECT_TRUE(pipeline.steps.wait_for(step("write ", epoch + 1)));
    EXPECT_TRUE(pipeline.in_checkpoint(step("offsets/", epoch)));
    EXPECT_FALSE(pipeline.in_checkpoint(step("commits/", epoch)));
    EXPECT_FALSE(pipeline.in_checkpoint(step("offsets/", epoch + 1)))
        << "two epochs are begun and not finished";
    return ok_status();
  };
  ASSERT_TRUE(pipeline.drain().ok());
  EXPECT_EQ(pipeline.table.sorted_rows(), sorted(pipeline.topic.records));
  EXPECT_THAT(pipeline.table.order, ElementsAre("epoch 0", "epoch 1", "epoch 2"));
  EXPECT_EQ(pipeline.reports.epochs.size(), 3u);
  EXPECT_EQ(pipeline.topic.acknowledged.size(), 3u);
}

TEST(Overlap, BeginsAnEpochOnlyWhenTheOneBeforeIsFinished) {
  OverlappingPipeline pipeline;
  pipeline.send(500);
  ASSERT_TRUE(pipeline.drain().ok());
  std::vector<std::string> order;
  for (const std::string& call : pipeline.faulty_store.calls()) {
    if (!call.starts_with("put_if_absent ")) continue;
    const std::string file = call.substr(call.rfind('/', call.rfind('/') - 1) + 1);
    if (file.starts_with("offsets/") || file.starts_with("commits/")) order.push_back(file);
  }
  ASSERT_EQ(order.size(), 100u);
  for (int64_t epoch = 0; epoch < 50; ++epoch) {
    const auto place = static_cast<size_t>(2 * epoch);
    EXPECT_EQ(order[place], step("offsets/", epoch));
    EXPECT_EQ(order[place + 1], step("commits/", epoch));
  }
}

TEST(Overlap, IsLeftToSinksAndTransformsThatCanDoIt) {
  struct Case {
    const char* name;
    std::function<void(OverlappingPipeline&)> change;
  };
  class Catalog final : public TableCatalog {
   public:
    Result<std::optional<int64_t>> version(const std::string&) override { return {7}; }
    Result<std::string> scan_select(const std::string&, int64_t) override {
      return std::string("SELECT 1 AS one");
    }
  };
  Catalog catalog;
  const auto joined = [&](TestPipeline& pipeline) {
    pipeline.transform = "SELECT input.* FROM input, silver.own";
    pipeline.lake_tables = {"silver.own"};
    pipeline.tables = &catalog;
  };
  const std::vector<Case> cases = {
      {"the sink", [](auto& pipeline) { pipeline.table.overlaps = false; }},
      {"one of two sinks",
       [](auto& pipeline) {
         pipeline.sinks = 2;
         pipeline.second_table.overlaps = false;
       }},
      {"a transform that reads its own sink",
       [&](auto& pipeline) {
         joined(pipeline);
         pipeline.table.lake_table = "Silver.own";
       }},
      {"a transform that reads its own dead letters",
       [&](auto& pipeline) {
         joined(pipeline);
         pipeline.dead_letters.lake_table = "silver.own";
       }},
      {"an epoch that reads nothing", [](auto& pipeline) { pipeline.topic.gaps = 1; }},
  };
  for (const Case& one : cases) {
    OverlappingPipeline pipeline;
    one.change(pipeline);
    pipeline.send(40);
    pipeline.table.on_write = [&](int64_t epoch) {
      EXPECT_TRUE(epoch == 0 || pipeline.in_checkpoint(step("commits/", epoch - 1))) << one.name;
      EXPECT_TRUE(pipeline.in_checkpoint(step("offsets/", epoch))) << one.name;
    };
    const auto own_thread = std::this_thread::get_id();
    pipeline.table.on_commit = [&](int64_t) {
      EXPECT_EQ(std::this_thread::get_id(), own_thread) << one.name;
      return ok_status();
    };
    const Status drained = pipeline.drain();
    ASSERT_TRUE(drained.ok()) << one.name << ": " << drained.message();
    EXPECT_EQ(pipeline.table.epochs.size(), 4u) << one.name;
  }
}

TEST(Overlap, ATransformThatReadsOtherTablesIsNoHindrance) {
  class Catalog final : public TableCatalog {
   public:
    Result<std::optional<int64_t>> version(const std::string&) override { return {7}; }
    Result<std::string> scan_select(const std::string&, int64_t) override {
      return std::string("SELECT 1 AS one");
    }
  };
  Catalog catalog;
  OverlappingPipeline pipeline;
  pipeline.transform = "SELECT input.* FROM input, silver.others";
  pipeline.lake_tables = {"silver.others"};
  pipeline.tables = &catalog;
  pipeline.table.lake_table = "silver.own";
  pipeline.send(20);
  pipeline.table.on_commit = [&](int64_t epoch) {
    EXPECT_TRUE(epoch == 1 || pipeline.steps.wait_for("write 1"));
    return ok_status();
  };
  ASSERT_TRUE(pipeline.drain().ok());
  EXPECT_EQ(pipeline.table.sorted_rows(), sorted(pipeline.topic.records));
}

TEST(Overlap, ThrowsAwayWhatFollowsAnEpochThatCannotBeCommitted) {
  OverlappingPipeline pipeline;
  pipeline.send(40);
  size_t attempts = 0;
  pipeline.table.on_commit = [&](int64_t epoch) {
    if (epoch != 1 || ++attempts > 2) return ok_status();
    EXPECT_TRUE(pipeline.steps.wait_for(attempts == 1 ? "write 2" : "write 0"));
    return unavailable("the table is away");
  };
  ASSERT_TRUE(pipeline.drain().ok());
  EXPECT_EQ(pipeline.table.sorted_rows(), sorted(pipeline.topic.records));
  EXPECT_THAT(pipeline.table.order, ElementsAre("epoch 0", "epoch 1", "epoch 2", "epoch 3"));
  EXPECT_EQ(pipeline.table.discarded, 1u) << "what was written of epoch 2";
  EXPECT_EQ(pipeline.reports.errors.size(), 2u);
  EXPECT_THAT(pipeline.reports.errors, Each("sink: the table is away"));
  EXPECT_TRUE(pipeline.reports.epochs[1].repeated);
  EXPECT_FALSE(pipeline.reports.epochs[2].repeated);
}

TEST(Overlap, CommitsAnEpochAlthoughTheNextOneFails) {
  OverlappingPipeline pipeline;
  pipeline.expectations = {{"small", "id < 15", Otherwise::kFail}};
  pipeline.send(20);
  pipeline.table.on_commit = [&](int64_t) {
    EXPECT_TRUE(pipeline.steps.wait_for("write 1"));
    return ok_status();
  };
  const Status failed = pipeline.drain();
  EXPECT_EQ(failed.code(), StatusCode::kExpectationFailed);
  EXPECT_THAT(failed.message(), HasSubstr("5 of 10 rows break small"));
  EXPECT_THAT(pipeline.table.order, ElementsAre("epoch 0"));
  EXPECT_TRUE(pipeline.in_checkpoint("commits/0"));
  EXPECT_EQ(pipeline.table.discarded, 1u);
  EXPECT_EQ(pipeline.reports.epochs.size(), 1u);
}

// Kills the run at each step of source and sinks in turn, before and after it took effect.
TEST(Overlap, LosesAndRepeatsNothingWhereverItIsKilled) {
  for (const auto when : {test::Fuse::When::kBefore, test::Fuse::When::kAfter}) {
    for (size_t number = 0;; ++number) {
      OverlappingPipeline pipeline;
      pipeline.sinks = 2;
      pipeline.limits.rows = 13;
      pipeline.expectations = {{"small", "id % 10 <> 4", Otherwise::kDeadLetter}};
      pipeline.send(50);
      pipeline.send("not JSON");
      pipeline.fuse.set(number, when);
      (void)pipeline.drain();
      if (!pipeline.fuse.blown()) {
        EXPECT_GT(number, 20u);
        break;
      }
      const std::string place = pipeline.fuse.names()[number];
      pipeline.fuse.clear();
      const Status mended = pipeline.drain();
      ASSERT_TRUE(mended.ok()) << place << ": " << mended.message();
      std::vector<std::string> expected;
      for (size_t id = 0; id < 50; ++id) {
        if (id % 10 != 4) expected.push_back(pipeline.topic.records[id]);
      }
      EXPECT_EQ(pipeline.table.sorted_rows(), sorted(expected)) << place;
      EXPECT_EQ(pipeline.second_table.sorted_rows(), sorted(expected)) << place;
      EXPECT_EQ(pipeline.dead_letters.rows().size(), 6u) << place;
      EXPECT_EQ(pipeline.table.epochs.size(), 4u) << place;
    }
  }
}

TEST(Overlap, LosesAndRepeatsNothingWhereverTheCheckpointStoreFails) {
  for (const bool crash : {true, false}) {
    for (const auto when : {test::Fault::kBefore, test::Fault::kAfter}) {
      for (size_t call = 0;; ++call) {
        OverlappingPipeline pipeline;
        pipeline.send(50);
        pipeline.faulty_store.inject(
            {.call = call,
             .when = when,
             .crash = crash,
             .code = crash ? StatusCode::kIoError : StatusCode::kUnavailable});
        const Status killed = pipeline.drain();
        if (!pipeline.faulty_store.happened()) break;
        const std::string place = pipeline.faulty_store.calls()[call];
        pipeline.faulty_store.heal();
        const Status mended = pipeline.drain();
        ASSERT_TRUE(mended.ok()) << place << ": " << mended.message();
        EXPECT_EQ(pipeline.table.sorted_rows(), sorted(pipeline.topic.records)) << place;
        EXPECT_EQ(pipeline.table.epochs.size(), 5u) << place;
      }
    }
  }
}

TEST(Overlap, TakesNoteOfACommitThatEndsWhileItWaits) {
  OverlappingPipeline pipeline;
  pipeline.send(3);
  pipeline.reports.stop_after = 1;  // only what is noted is reported
  auto spec = pipeline.spec();
  spec->checkpoint =
      checkpoint::CheckpointLog::open(pipeline.store, "checkpoint", pipeline.random).value();
  spec->sinks.push_back(std::make_unique<test::MemorySink>("sink", pipeline.table, pipeline.fuse));
  spec->dead_letters =
      std::make_unique<test::MemorySink>("dead", pipeline.dead_letters, pipeline.fuse);
  SystemClock clock;
  const auto runner = PipelineRunner::make(
      std::move(*spec), {clock, pipeline.random, test_database(), &pipeline.reports});
  ASSERT_TRUE(runner.ok()) << runner.status().message();
  const Status stopped = (*runner)->run(std::chrono::hours(1), pipeline.reports.stop.get_token());
  EXPECT_TRUE(stopped.ok()) << stopped.message();
  EXPECT_EQ(pipeline.reports.epochs.size(), 1u);
  EXPECT_EQ((*runner)->status().position, "{\"next\":3}");
}

TEST(Overlap, MakesNoEpochOfNothing) {
  OverlappingPipeline pipeline;
  pipeline.send(10);
  pipeline.reports.stop_when_idle = true;
  const auto runner = pipeline.start();
  ASSERT_TRUE((*runner)->run(Duration{50'000}, pipeline.reports.stop.get_token()).ok());
  EXPECT_EQ(pipeline.reports.idles, 1u);
  EXPECT_EQ(pipeline.store.list("checkpoint/offsets", "")->size(), 1u);
  EXPECT_EQ(pipeline.store.list("checkpoint/commits", "")->size(), 1u);
}

TEST(Overlap, FinishesWhatIsInFlightWhenItIsStopped) {
  OverlappingPipeline pipeline;
  pipeline.send(100);
  std::stop_source stop;
  pipeline.table.on_commit = [&](int64_t epoch) {
    if (epoch != 2) return ok_status();
    EXPECT_TRUE(pipeline.steps.wait_for("write 3"));
    stop.request_stop();
    return ok_status();
  };
  {
    const auto runner = pipeline.start();
    EXPECT_EQ((*runner)->drain(stop.get_token()).code(), StatusCode::kCancelled);
  }
  EXPECT_EQ(pipeline.table.epochs.size(), pipeline.reports.epochs.size());
  EXPECT_EQ(pipeline.store.list("checkpoint/offsets", "")->size(), pipeline.table.epochs.size());
  EXPECT_EQ(pipeline.store.list("checkpoint/commits", "")->size(), pipeline.table.epochs.size());
  const Status rest = pipeline.drain();
  ASSERT_TRUE(rest.ok()) << rest.message();
  EXPECT_EQ(pipeline.table.sorted_rows(), sorted(pipeline.topic.records));
  EXPECT_EQ(pipeline.table.epochs.size(), 10u);
}

// The query of the second epoch never ends by itself.
TEST(Overlap, AnInterruptGivesUpOnlyWhatIsNotBeingCommitted) {
  OverlappingPipeline pipeline;
  pipeline.send(20);
  pipeline.transform =
      "SELECT i.id, i.name FROM input i, range(CASE WHEN i.id < 10 THEN 1 ELSE 100000000000 END) r "
      "WHERE i.id < 10 OR r.range % 7 = 8";
  const auto runner = pipeline.start();
  ASSERT_TRUE(runner.ok()) << runner.status().message();
  std::stop_source stop;
  std::atomic<bool> done{false};
  std::thread interrupter([&] {
    EXPECT_TRUE(pipeline.steps.wait_for("write 1"));
    stop.request_stop();
    while (!done) {
      (*runner)->interrupt();
      std::this_thread::yield();
    }
  });
  pipeline.table.on_commit = [&](int64_t) {
    EXPECT_TRUE(pipeline.steps.wait_for("write 1"));
    return ok_status();
  };
  const Status outcome = (*runner)->drain(stop.get_token());
  done = true;
  interrupter.join();
  EXPECT_EQ(outcome.code(), StatusCode::kCancelled) << outcome.message();
  EXPECT_THAT(pipeline.table.order, ElementsAre("epoch 0"));
  EXPECT_TRUE(pipeline.in_checkpoint("commits/0"));
  EXPECT_FALSE(pipeline.in_checkpoint("offsets/1"));
}

TEST(CommitWorker, RunsOneJobAfterTheOtherAndGivesBackWhatBecameOfThem) {
  CommitWorker worker;
  EXPECT_FALSE(worker.busy());
  EXPECT_FALSE(worker.end().stop_possible());
  for (int i = 0; i < 100; ++i) {
    Steps steps;
    worker.start([&, i]() -> Status {
      EXPECT_TRUE(steps.wait_for("go"));
      return i % 2 == 0 ? ok_status() : conflict("job " + std::to_string(i));
    });
    EXPECT_TRUE(worker.busy());
    EXPECT_FALSE(worker.ended());
    const auto reach = [&] { steps.reach("ended"); };
    const std::stop_callback listener(worker.end(), reach);
    steps.reach("go");
    EXPECT_TRUE(steps.wait_for("ended"));
    EXPECT_TRUE(worker.ended());
    const Status outcome = worker.wait();
    EXPECT_EQ(outcome.ok(), i % 2 == 0);
    EXPECT_EQ(outcome.message(), outcome.ok() ? "" : "job " + std::to_string(i));
    EXPECT_FALSE(worker.busy());
  }
}

}  // namespace
}  // namespace lakeward::stream
