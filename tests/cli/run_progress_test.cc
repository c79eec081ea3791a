#include "cli/run_progress.h"

#include <gtest/gtest.h>

namespace lakeward::cli {
namespace {

TEST(ProgressLine, NamesTheErrorOfAPipelineThatIsTryingAgain) {
  service::RunReport report;
  report.pipelines.emplace_back();
  report.pipelines[0].name = "bronze";
  report.pipelines[0].status.state = stream::PipelineState::kRunning;
  report.pipelines[0].status.last_error = "the disk is full";
  EXPECT_EQ(progress_line(report), "bronze: 0 rows");
  report.pipelines[0].status.retries = 1;
  EXPECT_EQ(progress_line(report), "bronze: 0 rows, retrying: the disk is full");
}

}  // namespace
}  // namespace lakeward::cli
