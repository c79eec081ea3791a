// Logs that are cut off behind a reader's back, as by an unclean election.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <numeric>
#include <string>
#include <vector>

#include "connectors/kafka/fetch/epoch_api.h"
#include "connectors/kafka/fetch/fetched_feed.h"
#include "connectors/kafka/fetch/scripted_broker.h"
#include "connectors/kafka/fetch/test_batch.h"

namespace lakeward::connectors::kafka::fetch {
namespace {

using ::testing::HasSubstr;

constexpr std::chrono::seconds kPatience{30};
const TopicPartition kPartition{"t", 0};

// A partition's log, of one record a batch; for each offset the epoch of its leader.
class Log {
 public:
  void append(int count, int32_t epoch) {
    const std::lock_guard lock(mutex_);
    epochs_.insert(epochs_.end(), static_cast<size_t>(count), epoch);
  }
  void truncate(int64_t end) {
    const std::lock_guard lock(mutex_);
    epochs_.resize(static_cast<size_t>(end));
  }
  FetchAnswer read(const FetchRequest& request) {
    const std::lock_guard lock(mutex_);
    std::string batches;
    for (auto at = static_cast<size_t>(request.positions.at(kPartition).offset);
         at < epochs_.size(); ++at) {
      batches += encode(TestBatch{
          static_cast<int64_t>(at), 0, {{0, "v" + std::to_string(at)}}, 0, -1, epochs_[at]});
    }
    return {{kPartition, batches}};
  }
  // As a broker finds it in its log.
  int64_t end_of(int32_t epoch) {
    const std::lock_guard lock(mutex_);
    ++questions;
    if (epochs_.empty() || epoch > epochs_.back()) return -1;
    const auto later =
        std::find_if(epochs_.begin(), epochs_.end(), [&](int32_t other) { return other > epoch; });
    return later - epochs_.begin();
  }

  std::atomic<int> questions{0};

 private:
  std::mutex mutex_;
  std::vector<int32_t> epochs_;
};

// The leader of the partition, and who reads it.
class LeaderEpoch : public ::testing::Test {
 protected:
  void start_broker(bool knows_epochs = true) {
    EndOfEpoch end;
    if (knows_epochs) {
      end = [this](const TopicPartition&, int32_t epoch) { return log.end_of(epoch); };
    }
    broker = std::make_unique<ScriptedBroker>(
        [this](const FetchRequest& request) { return log.read(request); }, std::move(end));
  }
  void read_from(int64_t offset) {
    stop();
    FetcherOptions options;
    options.epochs = epochs;
    options.patience = patience;
    fetcher = std::make_unique<Fetcher>(
        Offsets{{kPartition, offset}}, options,
        [this]() -> Result<Leaders> {
          return Leaders{{kPartition, broker->address()}};
        },
        bell, events);
    feed = std::make_unique<FetchedFeed>(fetcher->queue(kPartition), "kafka: partition 0 of 't'",
                                         offset);
  }
  // Reads up to this offset; returns the failure if one comes before.
  Status read_to(int64_t to) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!feed->finish(to)) {
      const uint64_t rings = bell.rings();
      const auto block = std::make_shared<MessageBlock>();
      const Result<Slice> slice = feed->take(to, {}, block);
      RETURN_IF_ERROR(slice.status());
      for (size_t i = 0; i < slice->count; ++i) {
        offsets.push_back(slice->block->offset(slice->first + i));
      }
      if (slice->count == 0 && !feed->finish(to)) {
        if (std::chrono::steady_clock::now() > end) return internal_error("nothing comes");
        bell.wait(rings);
      }
    }
    return ok_status();
  }
  // 100 records are read; then the last ten are gone, and others have their offsets.
  void read_and_cut_off() {
    start_broker();
    log.append(100, 5);
    read_from(0);
    EXPECT_TRUE(read_to(100).ok());
    log.truncate(90);
    log.append(60, 6);
  }
  template <typename Condition>
  void wait_until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!condition() && std::chrono::steady_clock::now() < end) bell.wait(bell.rings());
    ASSERT_TRUE(condition());
  }
  void stop() {
    feed.reset();
    fetcher.reset();
  }
  static std::vector<int64_t> range(int64_t from, int64_t to) {
    std::vector<int64_t> offsets(static_cast<size_t>(to - from));
    std::iota(offsets.begin(), offsets.end(), from);
    return offsets;
  }

  Log log;
  std::unique_ptr<ScriptedBroker> broker;
  std::shared_ptr<LeaderEpochs> epochs = std::make_shared<LeaderEpochs>();
  std::chrono::milliseconds patience{30'000};
  Bell bell;
  Events events{Service()};
  std::unique_ptr<Fetcher> fetcher;
  std::unique_ptr<FetchedFeed> feed;
  std::vector<int64_t> offsets;
};

TEST_F(LeaderEpoch, MayBecomeAnotherWithoutLoss) {
  start_broker();
  log.append(10, 3);
  log.append(5, 4);
  log.append(5, 7);
  read_from(0);
  EXPECT_TRUE(read_to(20).ok());
  EXPECT_EQ(offsets, range(0, 20));
  EXPECT_EQ(log.questions.load(), 2) << "once for each new epoch";
  log.append(5, 7);
  EXPECT_TRUE(read_to(25).ok());
  EXPECT_EQ(log.questions.load(), 2);
}

TEST_F(LeaderEpoch, SaysWhichRecordsAreGoneThatWereRead) {
  read_and_cut_off();
  const Status lost = read_to(150);
  EXPECT_EQ(lost.code(), StatusCode::kCorruption);
  EXPECT_THAT(lost.message(), HasSubstr("kafka: partition 0 of 't': the brokers have lost records: "
                                        "those of offsets 90 to 99 were read in the leader's epoch "
                                        "5, and are gone"));
  EXPECT_EQ(offsets, range(0, 100)) << "nothing of the other log";
}

TEST_F(LeaderEpoch, IsRememberedByTheNextFetcher) {
  read_and_cut_off();
  read_from(95);
  EXPECT_THAT(read_to(150).message(), HasSubstr("those of offsets 90 to 94 were read"));
}

TEST_F(LeaderEpoch, OfWhatIsReadAgainMayBeOlder) {
  start_broker();
  log.append(50, 4);
  log.append(50, 5);
  read_from(0);
  ASSERT_TRUE(read_to(100).ok());
  offsets.clear();
  read_from(30);
  EXPECT_TRUE(read_to(100).ok());
  EXPECT_EQ(offsets, range(30, 100));
}

TEST_F(LeaderEpoch, SaysNothingOfRecordsBehindAGap) {
  start_broker();
  log.append(50, 4);
  read_from(0);
  ASSERT_TRUE(read_to(50).ok());
  stop();
  log.append(50, 5);
  log.append(50, 6);
  epochs->forget(kPartition);
  read_from(120);
  EXPECT_TRUE(read_to(150).ok());
}

TEST_F(LeaderEpoch, ReadsAnewWhatWasOnlyFetchedAhead) {
  start_broker();
  log.append(40, 5);
  read_from(0);
  ASSERT_TRUE(read_to(40).ok());
  log.append(60, 5);
  wait_until([&] { return feed->has_messages(); });
  log.truncate(70);
  log.append(40, 6);
  wait_until([&] { return fetcher->held_bytes() == 0; });
  const Status cut = read_to(110);
  EXPECT_TRUE(cut.retriable()) << cut.message();
  EXPECT_THAT(cut.message(), HasSubstr("lost records from offset 70 on, which were not read yet"));
  read_from(40);
  EXPECT_TRUE(read_to(110).ok());
  EXPECT_EQ(offsets, range(0, 110));
}

// It may be one that is the leader no more; but not for ever.
TEST_F(LeaderEpoch, ThatTheLeaderDoesNotKnowEndsTheReadingIfThatLasts) {
  patience = std::chrono::milliseconds(500);
  start_broker();
  log.append(10, 8);
  read_from(0);
  ASSERT_TRUE(read_to(10).ok());
  log.truncate(0);
  log.append(30, 2);
  const Status lost = read_to(30);
  EXPECT_EQ(lost.code(), StatusCode::kCorruption) << lost.message();
  EXPECT_THAT(lost.message(), HasSubstr("those before offset 10 were read in the leader's epoch 8, "
                                        "which its leader does not know any more"));
  EXPECT_GE(log.questions.load(), 2);
}

TEST_F(LeaderEpoch, IsNotLookedAtWhereBrokersCannotBeAsked) {
  start_broker(false);
  for (const int32_t epoch : {3, 9, 1, -1, 4}) log.append(5, epoch);
  read_from(0);
  EXPECT_TRUE(read_to(25).ok());
  EXPECT_EQ(offsets, range(0, 25));
}

TEST(EpochGuard, BelievesTheLeaderWhenAnotherBrokerSendsOlderBatches) {
  const auto now = EpochGuard::Clock::now();
  EpochGuard guard;
  EXPECT_TRUE(guard.admits(6));
  EXPECT_FALSE(guard.admits(5));
  EXPECT_EQ(guard.judge(100, 90, now, kPatience), EpochGuard::Verdict::kFetchAgain);
  EXPECT_FALSE(guard.in_doubt()) << "the records are asked for again";
  EXPECT_EQ(guard.epoch(), 6);
  guard.reassure();
  EXPECT_FALSE(guard.admits(5));
  EXPECT_EQ(guard.judge(100, 90, now + kPatience, kPatience), EpochGuard::Verdict::kFetchAgain);
  EXPECT_FALSE(guard.admits(5));
  EXPECT_EQ(guard.judge(100, 90, now + 2 * kPatience, kPatience), EpochGuard::Verdict::kUnknown);
}

TEST(EpochApi, RefusesAnswersThatAreNone) {
  WireWriter answer;
  answer.number(int32_t{7});  // correlation
  answer.number(int32_t{0});
  answer.number(int32_t{1});
  answer.text("t");
  answer.number(int32_t{2});
  for (const int32_t partition : {0, 1}) {
    answer.number(int16_t{0});
    answer.number(partition);
    answer.number(int32_t{partition == 0 ? 5 : -1});
    answer.number(int64_t{partition == 0 ? 90 : 12});
  }
  const auto ends = parse_epoch_response(answer.str(), 7).value();
  ASSERT_EQ(ends.size(), 2u);
  EXPECT_EQ(ends[0].partition, kPartition);
  EXPECT_EQ(ends[0].offset, 90);
  EXPECT_EQ(ends[1].offset, -1) << "an end of no epoch is none";
  EXPECT_FALSE(parse_epoch_response(answer.str(), 8).ok());
  for (size_t size = 0; size < answer.str().size(); ++size) {
    EXPECT_FALSE(parse_epoch_response(answer.str().substr(0, size), 7).ok()) << size;
  }
}

}  // namespace
}  // namespace lakeward::connectors::kafka::fetch
