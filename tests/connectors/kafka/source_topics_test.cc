// Topics that are deleted, made anew, forgotten by brokers and told wrongly, in all orders: by
// random walks of a pipeline that uses SourceTopics as KafkaSource does.
#include "connectors/kafka/source_topics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "connectors/kafka/topics_pipeline.h"

namespace lakeward::test {
namespace {

using ::testing::HasSubstr;

constexpr Duration kSecond{1'000'000};

class KafkaSourceTopics : public ::testing::Test {
 protected:
  KafkaSourceTopics() {
    for (const char* name : {"a", "b"}) {
      brokers.make(name);
      brokers.find(name)->end = 2;
    }
  }
  void renew(int64_t records) {
    brokers.remove("a");
    brokers.make("a");
    brokers.find("a")->end = records;
  }
  StatusCode run(Duration later) {
    clock.advance(later);
    return pipeline.run().code();
  }

  FakeBrokers brokers;
  ManualClock clock{Timestamp{1'767'225'600'000'000}};
  TopicsPipeline pipeline{brokers, clock, OnLostOffsets::kEarliest};
};

TEST_F(KafkaSourceTopics, MadeAnewAreReadFromTheirBeginningOnceThatIsBelieved) {
  ASSERT_TRUE(pipeline.run().ok());
  renew(3);
  EXPECT_EQ(run(6 * kSecond), StatusCode::kUnavailable);
  EXPECT_EQ(run(6 * kSecond), StatusCode::kUnavailable);
  EXPECT_EQ(pipeline.rows.size(), 4U);
  EXPECT_EQ(run(6 * kSecond), StatusCode::kOk);  // leaves the old offsets
  EXPECT_EQ(run(0 * kSecond), StatusCode::kOk);
  EXPECT_EQ(pipeline.rows.size(), 7U);
  EXPECT_EQ(pipeline.rows.back(), Record(topic_id(3), 2));
}

TEST_F(KafkaSourceTopics, MadeAnewWithoutHavingBeenReadAreReadAtOnce) {
  brokers.find("a")->end = 0;
  brokers.remove("b");
  ASSERT_TRUE(pipeline.run().ok());
  pipeline.start();
  brokers.make("b");
  ASSERT_EQ(run(6 * kSecond), StatusCode::kOk);
  brokers.remove("b");
  brokers.make("b");
  brokers.find("b")->end = 1;
  EXPECT_EQ(run(6 * kSecond), StatusCode::kOk);
  EXPECT_EQ(pipeline.rows.back(), Record(topic_id(4), 0));
}

// An id that nobody has seen to be replaced, of a broker that was away when it was.
TEST_F(KafkaSourceTopics, AreNotTakenForOthersWhileASingleBrokerSaysSo) {
  ASSERT_TRUE(pipeline.run().ok());
  brokers.find("a")->end = 3;
  brokers.told_instead["a"] = topic_id(77);
  EXPECT_EQ(run(6 * kSecond), StatusCode::kUnavailable);
  brokers.told_instead.clear();
  EXPECT_EQ(run(6 * kSecond), StatusCode::kOk);
  EXPECT_EQ(pipeline.rows.size(), 5U);
  brokers.told_instead["a"] = topic_id(77);
  EXPECT_EQ(run(6 * kSecond), StatusCode::kUnavailable);  // the time begins anew
}

TEST_F(KafkaSourceTopics, MadeAnewEndARunThatMayLoseNothing) {
  pipeline.set_policy(OnLostOffsets::kFail);
  pipeline.start();
  ASSERT_TRUE(pipeline.run().ok());
  renew(3);
  EXPECT_EQ(run(6 * kSecond), StatusCode::kUnavailable);
  clock.advance(11 * kSecond);
  const Status status = pipeline.run();
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_THAT(status.message(), HasSubstr("set on_lost_offsets: earliest"));
  EXPECT_EQ(pipeline.check_identity().status().message(), status.message());
  // The advice is followed.
  pipeline.set_policy(OnLostOffsets::kEarliest);
  pipeline.start();
  EXPECT_EQ(run(0 * kSecond), StatusCode::kUnavailable);
  EXPECT_THAT(pipeline.check_identity().value(), HasSubstr("goes on with it from its beginning"));
  EXPECT_EQ(run(11 * kSecond), StatusCode::kOk);
  EXPECT_EQ(run(0 * kSecond), StatusCode::kOk);
  EXPECT_EQ(pipeline.rows.back(), Record(topic_id(3), 2));
}

// Some of it may be in the table already, as the old one's.
TEST_F(KafkaSourceTopics, MadeAnewEndARunThatAsksByName) {
  pipeline.asks_by_name = true;
  ASSERT_TRUE(pipeline.run().ok());
  renew(3);
  EXPECT_EQ(run(6 * kSecond), StatusCode::kUnavailable);
  clock.advance(11 * kSecond);
  const Status status = pipeline.run();
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_THAT(status.message(), HasSubstr("may have been read as the old one's"));
  // The next run has asked nobody yet when it looks at the topics.
  pipeline.asks_by_name = false;
  pipeline.start();
  EXPECT_EQ(run(1 * kSecond), StatusCode::kUnavailable);
  EXPECT_EQ(run(11 * kSecond), StatusCode::kCorruption);
  EXPECT_EQ(pipeline.check_identity().status().code(), StatusCode::kCorruption);
}

// A broker that lags behind may tell an old id when nothing is read yet.
TEST_F(KafkaSourceTopics, AreFoundAgainAfterAWrongIdBeforeAnythingWasRead) {
  brokers.remove("b");
  ASSERT_TRUE(pipeline.run().ok());
  brokers.make("b");
  ASSERT_EQ(run(6 * kSecond), StatusCode::kOk);
  brokers.told_instead["b"] = topic_id(77);
  ASSERT_EQ(run(6 * kSecond), StatusCode::kOk);
  brokers.told_instead.clear();
  brokers.find("b")->end = 3;
  ASSERT_EQ(run(6 * kSecond), StatusCode::kOk);
  EXPECT_EQ(pipeline.rows.size(), 5U);
}

TEST_F(KafkaSourceTopics, MadeAnewAreWaitedForTogether) {
  ASSERT_TRUE(pipeline.run().ok());
  renew(1);
  brokers.remove("b");
  EXPECT_EQ(run(6 * kSecond), StatusCode::kUnavailable);
  EXPECT_EQ(run(11 * kSecond), StatusCode::kOk);
  EXPECT_EQ(run(0 * kSecond), StatusCode::kOk);
  EXPECT_EQ(pipeline.rows.back(), Record(topic_id(3), 0));
}

TEST_F(KafkaSourceTopics, AreReadWhileNobodyTellsTheirIds) {
  brokers.is_silent = true;
  ASSERT_TRUE(pipeline.run().ok());
  EXPECT_EQ(pipeline.rows.size(), 4U);
  brokers.is_silent = false;
  brokers.find("a")->end = 3;
  EXPECT_EQ(run(11 * kSecond), StatusCode::kOk);
  EXPECT_EQ(pipeline.rows.size(), 5U);
  brokers.is_silent = true;
  brokers.find("a")->end = 4;
  EXPECT_EQ(run(11 * kSecond), StatusCode::kOk);
  EXPECT_EQ(pipeline.rows.size(), 6U);
}

// One that was gone and may be another one now is not planned.
TEST_F(KafkaSourceTopics, ThatComeBackAreNotReadWhileNobodyTellsTheirIds) {
  ASSERT_TRUE(pipeline.run().ok());
  brokers.remove("a");
  EXPECT_EQ(run(6 * kSecond), StatusCode::kUnavailable);
  EXPECT_EQ(run(11 * kSecond), StatusCode::kOk);
  brokers.is_silent = true;
  brokers.make("a");
  brokers.find("a")->end = 5;
  EXPECT_EQ(run(11 * kSecond), StatusCode::kOk);
  EXPECT_EQ(pipeline.rows.size(), 4U);
  brokers.is_silent = false;
  EXPECT_EQ(run(11 * kSecond), StatusCode::kOk);
  EXPECT_EQ(run(0 * kSecond), StatusCode::kOk);
  EXPECT_EQ(pipeline.rows.size(), 9U);
}

// What happens to a pipeline and its topics, at random.
class Walk {
 public:
  explicit Walk(uint32_t seed) : random_(seed) {
    brokers_.make("a");
    brokers_.make("b");
    run_once(false);  // as long as nobody has told an id, nothing can be known of one
  }

  void step() {
    if (pick(3) == 0) brokers_.told_instead.clear();
    switch (pick(10)) {
      case 0:
        remember_id();
        brokers_.remove("a");
        break;
      case 1:
      case 2:
        renew();
        break;
      case 3:
        brokers_.is_silent = pick(3) == 0;
        break;
      case 4:
        pipeline_.start();
        break;
      case 5:  // for as long as you like, of a broker that has not heard
        if (!pipeline_.replaced_id().empty()) brokers_.told_instead["a"] = pipeline_.replaced_id();
        break;
      default:
        for (const char* name : {"a", "b"}) {
          if (FakeBrokers::Topic* topic = brokers_.find(name)) topic->end += pick(3);
        }
    }
    clock_.advance((1 + pick(12)) * kSecond);
    run_once(true);
    // Of what nobody has seen to be replaced, it hears before it is believed.
    if (!brokers_.told_instead.empty() && brokers_.told_instead["a"] != pipeline_.replaced_id()) {
      brokers_.told_instead.clear();
      clock_.advance(6 * kSecond);
      run_once(true);
    }
  }
  // Nothing happens any more, and all is read.
  void come_to_rest() {
    brokers_.is_silent = false;
    if (brokers_.find("a") == nullptr) renew();
    brokers_.told_instead.clear();
    brokers_.find("a")->end += 1;
    for (int i = 0; i < 60; ++i) {
      clock_.advance(6 * kSecond);
      run_once(false);
    }
  }
  const std::vector<Record>& rows() const { return pipeline_.rows; }
  // Of the topics as they are now.
  std::vector<Record> expected() {
    std::vector<Record> records;
    for (const char* name : {"a", "b"}) {
      const FakeBrokers::Topic& topic = *brokers_.find(name);
      for (int64_t offset = 0; offset < topic.end; ++offset) records.emplace_back(topic.id, offset);
    }
    return records;
  }

 private:
  int pick(int below) { return static_cast<int>(random_() % static_cast<uint32_t>(below)); }
  void remember_id() {
    if (const FakeBrokers::Topic* topic = brokers_.find("a")) old_ids_.push_back(topic->id);
  }
  void renew() {
    remember_id();
    brokers_.remove("a");
    brokers_.make("a");
    brokers_.find("a")->end = pick(5);
    brokers_.told_instead.clear();
    if (pick(3) == 0 && !old_ids_.empty()) {
      brokers_.told_instead["a"] = old_ids_[pick(static_cast<int>(old_ids_.size()))];
    }
  }
  void run_once(bool may_crash) {
    bool crashed = false;
    Fault fault{.call = static_cast<size_t>(pick(5))};
    fault.when = pick(2) == 0 ? Fault::kBefore : Fault::kAfter;
    fault.crash = pick(2) == 0;
    if (may_crash && pick(3) == 0) pipeline_.store().inject(fault);
    const Status status = pipeline_.run([&] {
      crashed = crashed || (may_crash && pick(8) == 0);
      return !crashed;
    });
    EXPECT_TRUE(status.ok() || status.retriable()) << status.message();
    crashed = crashed || (pipeline_.store().happened() && fault.crash);
    pipeline_.store().heal();
    if (crashed) pipeline_.start();
  }

  std::mt19937 random_;
  FakeBrokers brokers_;
  ManualClock clock_{Timestamp{1'767'225'600'000'000}};
  TopicsPipeline pipeline_{brokers_, clock_, OnLostOffsets::kEarliest};
  std::vector<std::string> old_ids_;
};

TEST(KafkaSourceTopicsWalk, LosesNothingThatIsThereAndRepeatsNothing) {
  for (uint32_t seed = 0; seed < 2'000; ++seed) {
    Walk walk(seed);
    for (int i = 0; i < 40; ++i) walk.step();
    walk.come_to_rest();
    std::map<Record, int> times;
    for (const Record& row : walk.rows()) ++times[row];
    for (const auto& [record, count] : times) {
      EXPECT_EQ(count, 1) << record.first << " at " << record.second << " in walk " << seed;
      // No record is read before those in front of it.
      EXPECT_TRUE(record.second == 0 || times.contains({record.first, record.second - 1}))
          << record.first << " before " << record.second << " in walk " << seed;
    }
    for (const Record& record : walk.expected()) {
      EXPECT_TRUE(times.contains(record))
          << record.first << " at " << record.second << " is missing in walk " << seed;
    }
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace lakeward::test
