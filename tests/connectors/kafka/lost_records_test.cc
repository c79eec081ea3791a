#include "connectors/kafka/lost_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lakeward::connectors::kafka {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr Timestamp kBegin{1'767'225'600'000'000};
constexpr Duration kPatience = std::chrono::seconds(10);
const Service kService;

TEST(KafkaLostRecords, AreNamedByPartitionAndOffsets) {
  const Status lost =
      lost_records(kService, "p", {{{"a", 0}, 18, 22}, {{"a", 1}, 18, 27}, {{"b", 0}, 5, 6}});
  EXPECT_EQ(lost.code(), StatusCode::kCorruption);
  EXPECT_THAT(lost.message(), HasSubstr("14 records were deleted before the pipeline 'p' had read "
                                        "them:\n    partition 0 of 'a', offsets 18 to 21\n    "
                                        "partition 1 of 'a', offsets 18 to 26\n    partition 0 of "
                                        "'b', offsets 5 to 5\n"));
}

TEST(KafkaLostRecords, OfManyPartitionsAreCounted) {
  std::vector<LostRange> ranges;
  for (int32_t i = 0; i < 1'000; ++i) ranges.push_back({{"a", i}, 0, 2});
  const std::string text = lost_records(kService, "p", ranges).message();
  EXPECT_THAT(text, HasSubstr("2,000 records"));
  EXPECT_THAT(text, HasSubstr("partition 19 of 'a'"));
  EXPECT_THAT(text, Not(HasSubstr("partition 20 of 'a'")));
  EXPECT_THAT(text, HasSubstr("and in 980 more partitions"));
}

// A broker that has just started may not know all topics yet.
TEST(KafkaGoneTopics, AreWaitedForAndThenTheRunEnds) {
  GoneTopics gone(kService, "p", OnLostOffsets::kFail);
  EXPECT_EQ(gone.missing("a", kBegin).code(), StatusCode::kUnavailable);
  EXPECT_EQ(gone.missing("b", kBegin + kPatience).code(), StatusCode::kUnavailable);
  const Status status = gone.missing("a", kBegin + kPatience);
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_THAT(status.message(), HasSubstr("the topic 'a', which 'p' has read, is gone"));
  EXPECT_THAT(status.message(), HasSubstr("on_lost_offsets: earliest"));
  EXPECT_FALSE(gone.contains("a"));
}

TEST(KafkaGoneTopics, AreDoneWithoutIfThatIsAllowed) {
  GoneTopics gone(kService, "p", OnLostOffsets::kEarliest);
  EXPECT_EQ(gone.missing("a", kBegin).code(), StatusCode::kUnavailable);
  EXPECT_FALSE(gone.contains("a"));
  EXPECT_TRUE(gone.missing("a", kBegin + kPatience).ok());
  EXPECT_TRUE(gone.contains("a"));
  EXPECT_FALSE(gone.contains("b"));
  gone.found("a");  // made anew
  EXPECT_FALSE(gone.contains("a"));
  EXPECT_EQ(gone.missing("a", kBegin + 2 * kPatience).code(), StatusCode::kUnavailable);
}

TEST(KafkaGoneTopics, AreForgottenWhenTheBrokersKnowThemAgain) {
  GoneTopics gone(kService, "p", OnLostOffsets::kFail);
  EXPECT_EQ(gone.missing("a", kBegin).code(), StatusCode::kUnavailable);
  gone.found("a");
  EXPECT_EQ(gone.missing("a", kBegin + kPatience).code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace lakeward::connectors::kafka
