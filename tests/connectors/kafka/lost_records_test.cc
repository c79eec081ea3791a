#include "connectors/kafka/lost_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/memory_store.h"

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

class KafkaGoneTopics : public ::testing::Test {
 protected:
  io::MemoryStore store;
  checkpoint::SourceLog log{store, "p/sources/0"};
  GoneTopics failing{kService, "p", OnLostOffsets::kFail};
  GoneTopics going_on{kService, "p", OnLostOffsets::kEarliest};
};

// A broker that has just started may not know all topics yet.
TEST_F(KafkaGoneTopics, AreWaitedForAndThenTheRunEnds) {
  EXPECT_EQ(failing.missing("a", kBegin, log).code(), StatusCode::kUnavailable);
  EXPECT_EQ(failing.missing("b", kBegin + kPatience, log).code(), StatusCode::kUnavailable);
  const Status status = failing.missing("a", kBegin + kPatience, log);
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_THAT(status.message(), HasSubstr("the topic 'a', which 'p' has read, is gone"));
  EXPECT_THAT(status.message(), HasSubstr("on_lost_offsets: earliest"));
  EXPECT_FALSE(failing.contains("a"));
}

TEST_F(KafkaGoneTopics, AreDoneWithoutIfThatIsAllowed) {
  EXPECT_EQ(going_on.missing("a", kBegin, log).code(), StatusCode::kUnavailable);
  EXPECT_FALSE(going_on.contains("a"));
  EXPECT_TRUE(going_on.missing("a", kBegin + kPatience, log).ok());
  EXPECT_TRUE(going_on.contains("a"));
  EXPECT_FALSE(going_on.contains("b"));
}

TEST_F(KafkaGoneTopics, AreRememberedByTheNextRunUntilTheyAreFound) {
  ASSERT_EQ(going_on.missing("a", kBegin, log).code(), StatusCode::kUnavailable);
  ASSERT_TRUE(going_on.missing("a", kBegin + kPatience, log).ok());
  {
    GoneTopics next(kService, "p", OnLostOffsets::kEarliest);
    for (const char* topic : {"a", "b"}) ASSERT_TRUE(next.recall(topic, log).ok());
    EXPECT_TRUE(next.contains("a"));
    EXPECT_FALSE(next.contains("b"));
    EXPECT_TRUE(next.missing("a", kBegin + 2 * kPatience, log).ok());
    EXPECT_TRUE(next.found("a", log).ok());
    EXPECT_FALSE(next.contains("a"));
  }
  GoneTopics last(kService, "p", OnLostOffsets::kEarliest);
  ASSERT_TRUE(last.recall("a", log).ok());
  EXPECT_FALSE(last.contains("a"));
}

TEST_F(KafkaGoneTopics, AreForgottenWhenTheBrokersKnowThemAgain) {
  EXPECT_EQ(failing.missing("a", kBegin, log).code(), StatusCode::kUnavailable);
  EXPECT_TRUE(failing.found("a", log).ok());
  EXPECT_EQ(failing.missing("a", kBegin + kPatience, log).code(), StatusCode::kUnavailable);
}

// Who answers after an outage may just have started, too.
TEST_F(KafkaGoneTopics, AreWaitedForAnewAfterAnOutage) {
  EXPECT_EQ(failing.missing("a", kBegin, log).code(), StatusCode::kUnavailable);
  const Timestamp later = kBegin + std::chrono::minutes(5);
  EXPECT_EQ(failing.missing("a", later, log).code(), StatusCode::kUnavailable);
  EXPECT_EQ(failing.missing("a", later + kPatience, log).code(), StatusCode::kCorruption);
}

}  // namespace
}  // namespace lakeward::connectors::kafka
