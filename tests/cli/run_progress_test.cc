#include "cli/run_progress.h"

#include <gtest/gtest.h>

namespace lakeward::cli {
namespace {

using service::PipelineReport;

service::RunReport running(const std::vector<std::string>& names) {
  service::RunReport report;
  for (const std::string& name : names) {
    report.pipelines.emplace_back();
    report.pipelines.back().name = name;
    report.pipelines.back().status.state = stream::PipelineState::kRunning;
  }
  return report;
}

std::string texts(const std::vector<RunNews::Item>& items) {
  std::string all;
  for (const RunNews::Item& item : items) all += item.text + (item.is_failure ? "!" : "") + "\n";
  return all;
}

TEST(ProgressLine, NamesAPipelineThatIsTryingAgain) {
  service::RunReport report = running({"bronze"});
  report.pipelines[0].status.last_error = "the disk is full";
  EXPECT_EQ(progress_line(report), "bronze: 0 rows");
  report.pipelines[0].status.retries = 1;
  EXPECT_EQ(progress_line(report), "bronze: 0 rows, retrying");
}

TEST(RunNews, TellsOnceOfEachPipelineThatTriesAgainAndGoesOn) {
  RunNews news;
  service::RunReport report = running({"a", "b"});
  EXPECT_EQ(texts(news.take(report)), "");
  report.pipelines[0].status.retries = 1;
  report.pipelines[0].status.last_error = "the disk is full\n  Make room.";
  EXPECT_EQ(texts(news.take(report)), "a: retrying: the disk is full; Make room.\n");
  report.pipelines[0].status.retries = 2;
  report.pipelines[1].status.retries = 1;
  report.pipelines[1].status.last_error = "the broker is away";
  EXPECT_EQ(texts(news.take(report)), "b: retrying: the broker is away\n");
  EXPECT_EQ(texts(news.take(report)), "");
  report.pipelines[0].status.retries = 0;
  EXPECT_EQ(texts(news.take(report)), "a: goes on\n");
  report.pipelines[0].status.retries = 1;
  EXPECT_EQ(texts(news.take(report)), "a: retrying: the disk is full; Make room.\n");
}

TEST(RunNews, TellsOfAFailureWhileOthersRunOn) {
  RunNews news;
  service::RunReport report = running({"a", "b"});
  report.pipelines[0].end = PipelineReport::End::kFailed;
  report.pipelines[0].error = invalid_argument("wrong password");
  EXPECT_EQ(texts(news.take(report)), "a: failed: wrong password!\n");
  // One that tried again, and is about to end.
  report.pipelines[1].status.retries = 1;
  report.pipelines[1].status.last_error = "the broker is away";
  EXPECT_EQ(texts(news.take(report)), "b: retrying: the broker is away\n");
  report.pipelines[1].status.retries = 0;
  report.pipelines[1].status.state = stream::PipelineState::kFailed;
  EXPECT_EQ(texts(news.take(report)), "");
  report.pipelines[1].end = PipelineReport::End::kFailed;
  report.pipelines[1].error = invalid_argument("so is this");
  EXPECT_EQ(texts(news.take(report)), "");
}

TEST(RunNews, TellsOnceWhatAStopWaitsFor) {
  RunNews news;
  service::RunReport report = running({"a", "b", "c"});
  report.pipelines[0].end = PipelineReport::End::kDone;
  report.pipelines[2].status.retries = 1;
  report.pipelines[2].status.last_error = "the broker is away";
  EXPECT_EQ(texts(news.take_stopping(report)), "");
  EXPECT_EQ(texts(news.take_stopping(report)),
            "stopping: waits for the running epoch or an answer of a server: b, c (the broker is "
            "away); a second Ctrl-C ends at once, which loses and repeats nothing either\n");
  EXPECT_EQ(texts(news.take_stopping(report)), "");
}

TEST(RunNews, SaysNothingOfAStopThatIsQuick) {
  RunNews news;
  service::RunReport report = running({"a"});
  EXPECT_EQ(texts(news.take_stopping(report)), "");
  report.pipelines[0].end = PipelineReport::End::kDone;
  EXPECT_EQ(texts(news.take_stopping(report)), "");
}

}  // namespace
}  // namespace lakeward::cli
