#include "cli/status_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lakeward::cli {
namespace {

using service::PipelineFacts;
using testing::HasSubstr;
using testing::Not;

PipelineFacts at(const std::string& position, std::vector<stream::PartLag> parts = {}) {
  PipelineFacts facts;
  facts.position = position;
  facts.parts = std::move(parts);
  return facts;
}

TEST(StatusText, SaysInOneLineWhereAPipelineIs) {
  const struct {
    PipelineFacts facts;
    const char* expected;
  } cases[] = {
      {at(""), ""},
      {at("version 12"), "version 12"},
      {at("t/0 at 1,205, t/1 at 7", {{"t/0", 1205, 9000}, {"t/1", 7, 7}}),
       "t/0 at 1,205, t/1 at 7"},
      {at("t/0 at 120, …", {{"t/0", 120, 0}, {"t/1", 4501, 0}, {"t/2", 200, 0}, {"t/3", 300, 0}}),
       "t: 4 parts at 120 to 4,501"},
      {at("t/0 at 5, …", {{"t/0", 5, 0}, {"t/1", 5, 0}, {"t/2", 5, 0}, {"t/3", 5, 0}}),
       "t: 4 parts at 5"},
      {at("a/0 at 5, …", {{"a/0", 5, 0}, {"a/1", 5, 0}, {"b/0", 6, 0}, {"c/0", 5, 0}}),
       "a and 2 more: 4 parts at 5 to 6"},
      // The brokers do not answer.
      {at("t/0 at 1, t/1 at 2, t/2 at 3, t/3 at 4"), "t/0 at 1, t/1 at 2, t/2 at 3, t/3 at 4"},
      {at("t/0 at 1, t/1 at 2,000, t/2 at 3, t/3 at 4, t/4 at 5"),
       "t/0 at 1, t/1 at 2,000, t/2 at 3 and 2 more"},
  };
  for (const auto& one : cases) EXPECT_EQ(position_summary(one.facts), one.expected);
}

TEST(StatusText, TellsOfLostRecordsIfThereAreAny) {
  std::vector<PipelineFacts> pipelines(2);
  pipelines[0].name = "whole";
  pipelines[0].process.emplace();
  pipelines[1].name = "never_ran";
  EXPECT_THAT(status_table(pipelines, {}), Not(HasSubstr("lost")));
  pipelines[0].process->total.lost = 1234;
  const std::string table = status_table(pipelines, {});
  EXPECT_THAT(table, HasSubstr("lost"));
  EXPECT_THAT(table, HasSubstr("1,234"));
}

}  // namespace
}  // namespace lakeward::cli
