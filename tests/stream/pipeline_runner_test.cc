#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "stream/pipeline_fixture.h"
#include "support/temp_folder.h"

namespace lakeward::stream {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

TEST(PipelineRunner, FollowsItsSourceUntilItIsStopped) {
  TestPipeline pipeline;
  pipeline.send(10);
  pipeline.reports.stop_when_idle = true;
  const auto runner = pipeline.start();
  ASSERT_TRUE(runner.ok()) << runner.status().message();
  EXPECT_EQ((*runner)->status().state, PipelineState::kNew);
  ASSERT_TRUE((*runner)->run(Duration{1'000'000}, pipeline.reports.stop.get_token()).ok());
  EXPECT_EQ(pipeline.table.rows().size(), 10u);
  const PipelineStatus status = (*runner)->status();
  EXPECT_EQ(status.state, PipelineState::kStopped);
  EXPECT_EQ(status.last_epoch->id, 0);
  EXPECT_EQ(status.epochs, 1u);
  EXPECT_EQ(status.total.written, 10u);
  EXPECT_EQ(status.position, "{\"next\":10}");
}

TEST(PipelineRunner, CountsRecordsThatTheFormatSkipsAsFiltered) {
  TestPipeline pipeline;
  pipeline.reads_changes = true;
  pipeline.transform = "SELECT id, _op FROM input";
  pipeline.send(R"({"op":"c","after":{"id":1}})");
  pipeline.send(R"({"op":"d","before":{"id":1},"after":null})");
  pipeline.send_tombstone();
  pipeline.send(R"({"op":"t"})");
  ASSERT_TRUE(pipeline.drain().ok());
  EXPECT_EQ(pipeline.table.rows().size(), 2u);
  EXPECT_EQ(pipeline.dead_letters.rows().size(), 1u);
  EXPECT_EQ(pipeline.reports.total.read, 4u);
  EXPECT_EQ(pipeline.reports.total.written, 2u);
  EXPECT_EQ(pipeline.reports.total.filtered, 1u);
  EXPECT_EQ(pipeline.reports.total.dead_lettered, 1u);
}

TEST(PipelineRunner, WaitsBetweenEpochsUnlessOneWasFull) {
  TestPipeline pipeline;
  pipeline.limits.rows = 4;
  pipeline.send(10);
  pipeline.reports.stop_when_idle = true;
  const auto runner = pipeline.start();
  const Timestamp begun = pipeline.clock.now();
  ASSERT_TRUE((*runner)->run(Duration{1'000'000}, pipeline.reports.stop.get_token()).ok());
  EXPECT_EQ(pipeline.reports.epochs.size(), 3u);
  EXPECT_EQ(pipeline.clock.now() - begun, Duration{1'000'000}) << "only after the last one";
}

TEST(PipelineRunner, ShowsARetryInItsStatus) {
  TestPipeline pipeline;
  pipeline.send(3);
  pipeline.table.fail_writes = 4;
  const auto runner = pipeline.start();
  PipelineStatus seen;
  pipeline.reports.heal = [&](size_t) { seen = (*runner)->status(); };
  ASSERT_TRUE((*runner)->drain({}).ok());
  EXPECT_EQ(seen.state, PipelineState::kRetrying);
  EXPECT_EQ(seen.retries, 4u);
  EXPECT_EQ(seen.last_error, "sink: the table is away");
  EXPECT_TRUE(seen.retrying_since.has_value());
  EXPECT_EQ((*runner)->status().retries, 0u);
  EXPECT_FALSE((*runner)->status().retrying_since.has_value());
}

TEST(PipelineRunner, HasOvercomeAFailureWhenThereIsNothingNew) {
  TestPipeline pipeline;
  pipeline.topic.fail_plans = 3;
  const auto runner = pipeline.start();
  ASSERT_TRUE((*runner)->drain({}).ok());
  EXPECT_EQ((*runner)->status().retries, 0u);
  EXPECT_EQ((*runner)->status().state, PipelineState::kStopped);
}

TEST(PipelineRunner, StopsWhileItWaitsForARetry) {
  TestPipeline pipeline;
  pipeline.send(3);
  pipeline.table.fail_writes = 1'000'000;
  pipeline.reports.heal = [&](size_t errors) {
    if (errors == 3) pipeline.reports.stop.request_stop();
  };
  const auto runner = pipeline.start();
  EXPECT_EQ((*runner)->drain(pipeline.reports.stop.get_token()).code(), StatusCode::kCancelled);
  EXPECT_TRUE(pipeline.table.rows().empty());
}

TEST(PipelineRunner, PeeksWithoutLeavingATrace) {
  TestPipeline pipeline;
  pipeline.send(2);
  pipeline.send("rubbish");
  pipeline.send(5);
  pipeline.transform = "SELECT id, now() AS at FROM input";
  pipeline.expectations = {{"not_one", "id <> 1", Otherwise::kDeadLetter}};
  auto spec = pipeline.spec();
  ASSERT_TRUE(spec.ok());
  const auto runner = PipelineRunner::make(
      std::move(*spec), {pipeline.clock, pipeline.random, test_database(), nullptr});
  ASSERT_TRUE(runner.ok()) << runner.status().message();
  const auto peek = (*runner)->peek(4, {});
  ASSERT_TRUE(peek.ok()) << peek.status().message();
  EXPECT_EQ(peek->rows.size(), 2u);  // 0 and 3
  EXPECT_EQ(peek->rows.text(1, 0), "3");
  EXPECT_EQ(peek->schema[1].name, "at");
  ASSERT_EQ(peek->rejected.size(), 2u);
  EXPECT_THAT(peek->rejected, Each(HasSubstr("readings 0 at ")));
  EXPECT_TRUE(pipeline.topic.acknowledged.empty());
  EXPECT_TRUE(pipeline.store.list_recursive("")->empty());
}

TEST(PipelineRunner, RefusesASinkThatIsAheadOfTheCheckpoint) {
  TestPipeline pipeline;
  pipeline.send(10);
  pipeline.limits.rows = 5;
  ASSERT_TRUE(pipeline.drain().ok());
  TestPipeline without_checkpoint;
  without_checkpoint.topic = pipeline.topic;
  without_checkpoint.table = pipeline.table;
  const Status refused = without_checkpoint.drain();
  EXPECT_EQ(refused.code(), StatusCode::kCorruption);
  EXPECT_THAT(refused.message(), HasSubstr("sink has epoch 1 of 'readings', but the checkpoint"));
}

TEST(PipelineRunner, RefusesACheckpointOfTwoSources) {
  TestPipeline pipeline;
  pipeline.send(1);
  ASSERT_TRUE(pipeline.store.put("checkpoint/metadata", "{\"id\":\"x\"}").ok());
  ASSERT_TRUE(pipeline.store.put("checkpoint/offsets/0", "v1\n{}\n-\n{}").ok());
  const Status refused = pipeline.drain();
  EXPECT_EQ(refused.code(), StatusCode::kCorruption);
  EXPECT_THAT(refused.message(), HasSubstr("of 2 sources"));
}

TEST(PipelineRunner, RefusesToRunAPipelineThatAnotherOneRuns) {
  const test::TempFolder folder;
  const auto store = io::make_local_store(folder.path());
  TestPipeline pipeline;
  pipeline.send(1);
  Random random(9);
  auto other = checkpoint::CheckpointLog::open(*store, "checkpoint", random);
  ASSERT_TRUE((*other)->lock().ok());
  auto spec = pipeline.spec();
  auto log = checkpoint::CheckpointLog::open(*store, "checkpoint", random);
  spec->checkpoint = std::move(log).value();
  spec->sinks.push_back(std::make_unique<test::MemorySink>("sink", pipeline.table, pipeline.fuse));
  spec->dead_letters =
      std::make_unique<test::MemorySink>("dead", pipeline.dead_letters, pipeline.fuse);
  const auto runner = PipelineRunner::make(
      std::move(*spec), {pipeline.clock, pipeline.random, test_database(), nullptr});
  const Status refused = (*runner)->drain({});
  EXPECT_EQ(refused.code(), StatusCode::kConflict);
  EXPECT_THAT(refused.message(), HasSubstr("already running"));
  EXPECT_TRUE(pipeline.table.rows().empty());
}

TEST(PipelineRunner, GivesUpARunningQueryWhenInterrupted) {
  TestPipeline pipeline;
  pipeline.send(3);
  pipeline.transform = "SELECT i.id FROM input i, range(100000000000) r WHERE r.range % 7 = 8";
  const auto runner = pipeline.start();
  ASSERT_TRUE(runner.ok()) << runner.status().message();
  std::stop_source stop;
  Status outcome;
  std::thread thread([&] { outcome = (*runner)->drain(stop.get_token()); });
  while (!pipeline.store.stat("checkpoint/offsets/0").ok()) std::this_thread::yield();
  stop.request_stop();
  std::atomic<bool> done{false};
  std::thread interrupter([&] {
    while (!done) {
      (*runner)->interrupt();
      std::this_thread::yield();
    }
  });
  thread.join();
  done = true;
  interrupter.join();
  EXPECT_EQ(outcome.code(), StatusCode::kCancelled) << outcome.message();
  EXPECT_TRUE(pipeline.table.rows().empty());
}

}  // namespace
}  // namespace lakeward::stream
