#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stream/pipeline_fixture.h"

namespace lakeward::stream {
namespace {

using ::testing::HasSubstr;

TEST(Expectations, BreakOnNullAsDeltasConstraintsDo) {
  TestPipeline pipeline;
  pipeline.send(R"({"id":null,"name":"x"})");
  pipeline.expectations = {{"positive", "id > 0", Otherwise::kDrop}};
  ASSERT_TRUE(pipeline.drain().ok());
  EXPECT_TRUE(pipeline.table.rows().empty());
  EXPECT_EQ(pipeline.reports.total.dropped, 1u);
}

TEST(Expectations, ThatSayFailCommitNothingOfTheEpoch) {
  TestPipeline pipeline;
  pipeline.limits.rows = 10;
  pipeline.send(14);
  pipeline.send(R"({"id":-1,"name":"the culprit"})");
  pipeline.send(3);
  pipeline.expectations = {{"positive", "id >= 0", Otherwise::kFail}};
  const Status failed = pipeline.drain();
  EXPECT_EQ(failed.code(), StatusCode::kExpectationFailed);
  EXPECT_THAT(failed.message(), HasSubstr("1 of 8 rows breaks positive (id >= 0)"));
  EXPECT_THAT(failed.message(), HasSubstr("the culprit"));
  EXPECT_THAT(failed.message(), HasSubstr("readings 0 at 140"));
  EXPECT_EQ(pipeline.table.rows().size(), 10u);
  EXPECT_EQ(pipeline.table.discarded, 1u);
  EXPECT_TRUE(pipeline.dead_letters.rows().empty());
}

TEST(Expectations, LetTheStrongestDecide) {
  TestPipeline pipeline;
  pipeline.send(4);
  pipeline.expectations = {{"drop", "id < 2", Otherwise::kDrop},
                           {"letter", "id < 3", Otherwise::kDeadLetter},
                           {"keep", "id < 1", Otherwise::kKeep}};
  ASSERT_TRUE(pipeline.drain().ok());
  EXPECT_EQ(pipeline.table.rows().size(), 2u);         // 0, 1
  EXPECT_EQ(pipeline.reports.total.kept_invalid, 1u);  // 1
  EXPECT_EQ(pipeline.reports.total.dropped, 1u);       // 2
  EXPECT_EQ(pipeline.dead_letters.rows().size(), 1u);  // 3
}

TEST(Expectations, MayBeSixtyTwo) {
  TestPipeline pipeline;
  pipeline.send(100);
  for (size_t i = 0; i < kMaxExpectations; ++i) {
    pipeline.expectations.push_back(
        {"not_" + std::to_string(i), "id <> " + std::to_string(i), Otherwise::kDeadLetter});
  }
  const Status drained = pipeline.drain();
  ASSERT_TRUE(drained.ok()) << drained.message();
  EXPECT_EQ(pipeline.table.rows().size(), 100 - kMaxExpectations);
  EXPECT_EQ(pipeline.dead_letters.rows().size(), kMaxExpectations);
  pipeline.expectations.push_back({"one_more", "true", Otherwise::kDrop});
  EXPECT_THAT(pipeline.start().status().message(), HasSubstr("at most 62 expectations"));
}

TEST(Expectations, MayNotDeadLetterWithoutATable) {
  TestPipeline pipeline;
  auto spec = pipeline.spec();
  ASSERT_TRUE(spec.ok());
  spec->sinks.push_back(std::make_unique<test::MemorySink>("sink", pipeline.table, pipeline.fuse));
  const auto runner = PipelineRunner::make(
      std::move(*spec), {pipeline.clock, pipeline.random, test_database(), nullptr});
  EXPECT_EQ(runner.status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace lakeward::stream
