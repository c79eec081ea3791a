#include <gtest/gtest.h>

#include <set>

#include "stream/pipeline_fixture.h"

namespace lakeward::stream {
namespace {

std::vector<std::string> sorted(std::vector<std::string> rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
}

TEST(EpochLoop, BringsEachRecordToTheSinkOnce) {
  TestPipeline pipeline;
  pipeline.send(5000);
  pipeline.topic.splits = 3;
  pipeline.limits.rows = 700;
  const Status drained = pipeline.drain();
  ASSERT_TRUE(drained.ok()) << drained.message();
  EXPECT_EQ(pipeline.table.sorted_rows(), sorted(pipeline.topic.records));
  EXPECT_EQ(pipeline.reports.epochs.size(), 8u);
  EXPECT_EQ(pipeline.reports.total.read, 5000u);
  EXPECT_EQ(pipeline.reports.total.written, 5000u);
  EXPECT_EQ(pipeline.reports.total.filtered, 0u);
}

TEST(EpochLoop, MakesNoEpochWhenThereIsNothing) {
  TestPipeline pipeline;
  ASSERT_TRUE(pipeline.drain().ok());
  EXPECT_TRUE(pipeline.reports.epochs.empty());
  EXPECT_TRUE(pipeline.store.list("checkpoint/offsets", "")->empty());
}

// A topic has fewer records than offsets: an epoch that is full by its offsets is not by its
// records.
TEST(EpochLoop, DoesNotWaitWhileTheSourceHasMore) {
  TestPipeline pipeline;
  pipeline.send(100);
  pipeline.topic.gaps = 2;
  pipeline.limits.rows = 10;
  pipeline.reports.stop_after = 10;
  const Timestamp begun = pipeline.clock.now();
  const auto runner = pipeline.start();
  ASSERT_TRUE(runner.ok()) << runner.status().message();
  ASSERT_TRUE((*runner)->run(std::chrono::hours(1), pipeline.reports.stop.get_token()).ok());
  EXPECT_EQ(pipeline.reports.total.read, 50u);
  EXPECT_LT(pipeline.clock.now() - begun, Duration(std::chrono::hours(1)));
}

TEST(EpochLoop, AsksNoBrokerForItsPositionBetweenCommits) {
  TestPipeline pipeline;
  pipeline.send(30);
  pipeline.limits.rows = 10;
  const auto runner = pipeline.start();
  ASSERT_TRUE((*runner)->drain({}).ok());
  EXPECT_EQ((*runner)->status().position, "{\"next\":30}");
  EXPECT_EQ(pipeline.topic.lags_asked, 0u);
}

TEST(EpochLoop, TellsTheSourceThatItWasStopped) {
  TestPipeline pipeline;
  pipeline.send(30);
  std::stop_source stop;
  size_t reads = 0;
  pipeline.topic.on_read = [&](const ReadRequest& request) {
    ++reads;
    EXPECT_FALSE(request.stop.stop_requested());
    stop.request_stop();
    EXPECT_TRUE(request.stop.stop_requested());
  };
  const auto runner = pipeline.start();
  ASSERT_TRUE((*runner)->run(std::chrono::hours(1), stop.get_token()).ok());
  EXPECT_EQ(reads, 1u);
}

TEST(EpochLoop, GoesOnWhereTheRunBeforeEnded) {
  TestPipeline pipeline;
  pipeline.send(10);
  ASSERT_TRUE(pipeline.drain().ok());
  pipeline.send(7);
  ASSERT_TRUE(pipeline.drain().ok());
  EXPECT_EQ(pipeline.table.epochs.at(0).size(), 10u);
  EXPECT_EQ(pipeline.table.epochs.at(1).size(), 7u);
}

// Kills the run at each step of source and sinks in turn, before and after it took effect.
TEST(EpochLoop, LosesAndRepeatsNothingWhereverItIsKilled) {
  for (const auto when : {test::Fuse::When::kBefore, test::Fuse::When::kAfter}) {
    for (size_t step = 0;; ++step) {
      TestPipeline pipeline;
      pipeline.sinks = 2;
      pipeline.limits.rows = 20;
      pipeline.expectations = {{"small", "id < 45", Otherwise::kDeadLetter}};
      pipeline.send(50);
      pipeline.send("not JSON");
      pipeline.fuse.set(step, when);
      const Status killed = pipeline.drain();
      if (!pipeline.fuse.blown()) {
        EXPECT_GT(step, 20u);
        break;
      }
      const std::string place = pipeline.fuse.names()[step];
      pipeline.fuse.clear();
      const auto first_attempt = pipeline.topic.ranges_read;
      const Status mended = pipeline.drain();
      ASSERT_TRUE(mended.ok()) << place << ": " << mended.message();
      const std::vector<std::string> expected(pipeline.topic.records.begin(),
                                              pipeline.topic.records.begin() + 45);
      EXPECT_EQ(pipeline.table.sorted_rows(), sorted(expected)) << place;
      EXPECT_EQ(pipeline.second_table.sorted_rows(), sorted(expected)) << place;
      EXPECT_EQ(pipeline.dead_letters.rows().size(), 6u) << place;
      const auto ranges =
          std::set(pipeline.topic.ranges_read.begin(), pipeline.topic.ranges_read.end());
      EXPECT_EQ(ranges.size(), 3u) << place << ": a range was cut differently the second time";
    }
  }
}

TEST(EpochLoop, LosesAndRepeatsNothingWhereverTheCheckpointStoreFails) {
  for (const auto when : {test::Fault::kBefore, test::Fault::kAfter}) {
    for (size_t call = 0;; ++call) {
      TestPipeline pipeline;
      pipeline.limits.rows = 20;
      pipeline.send(50);
      pipeline.faulty_store.inject(
          {.call = call, .when = when, .crash = true, .code = StatusCode::kIoError});
      const Status killed = pipeline.drain();
      if (!pipeline.faulty_store.happened()) break;
      EXPECT_FALSE(killed.ok());
      const std::string place = pipeline.faulty_store.calls()[call];
      pipeline.faulty_store.heal();
      const Status mended = pipeline.drain();
      ASSERT_TRUE(mended.ok()) << place << ": " << mended.message();
      EXPECT_EQ(pipeline.table.sorted_rows(), sorted(pipeline.topic.records)) << place;
    }
  }
}

TEST(EpochLoop, RetriesForEverWhatARetryCanMend) {
  TestPipeline pipeline;
  pipeline.send(10);
  pipeline.table.fail_writes = 12;
  ASSERT_TRUE(pipeline.drain().ok());
  EXPECT_EQ(pipeline.table.rows().size(), 10u);
  ASSERT_EQ(pipeline.reports.errors.size(), 12u);
  EXPECT_EQ(pipeline.reports.errors[0], "sink: the table is away");
  EXPECT_LT(pipeline.reports.delays[0], pipeline.reports.delays[4]);
  EXPECT_LE(pipeline.reports.delays[11], Duration{60'000'000});
}

TEST(EpochLoop, EndsWithAFailureThatARetryCouldMendIfTheObserverGivesUp) {
  TestPipeline pipeline;
  pipeline.send(10);
  pipeline.limits.rows = 5;
  pipeline.table.fail_writes = 12;
  pipeline.reports.give_up_after = 2;
  const auto runner = pipeline.start();
  const Status drained = (*runner)->drain({});
  EXPECT_EQ(drained.message(), "sink: the table is away");
  EXPECT_EQ(pipeline.reports.errors.size(), 2u);
  EXPECT_EQ((*runner)->status().state, PipelineState::kFailed);
}

TEST(EpochLoop, SaysWhichEpochIsOutOfMemoryAndThatItKeepsItsSize) {
  TestPipeline pipeline;
  pipeline.send(10);
  pipeline.table.fail_writes = 1;
  pipeline.table.failure = out_of_memory("no more\n  Advice.");
  pipeline.reports.give_up_after = 0;
  const Status drained = pipeline.drain();
  EXPECT_EQ(drained.code(), StatusCode::kOutOfMemory);
  EXPECT_EQ(drained.message(),
            "epoch 0 needs more memory than there is: sink: no more\n  Raise 'memory' in "
            "lakeward.yaml, which is 1 GiB. The checkpoint has epoch 0 planned, and it keeps its "
            "size: smaller 'limits' (rows, bytes) of the pipeline help only the epochs after it.");
  // That is so.
  pipeline.limits.rows = 3;
  pipeline.send(10);
  ASSERT_TRUE(pipeline.drain().ok());
  EXPECT_EQ(pipeline.table.epochs.at(0).size(), 10u);
  EXPECT_EQ(pipeline.table.epochs.at(1).size(), 3u);
}

}  // namespace
}  // namespace lakeward::stream
