#include "connectors/kafka/fetch/fetcher.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/kafka/fetch/scripted_broker.h"
#include "connectors/kafka/fetch/test_batch.h"

namespace lakeward::connectors::kafka::fetch {
namespace {

// After it, a test that waits in vain fails.
constexpr std::chrono::seconds kPatience{30};
const TopicPartition kFirst{"t", 0};
const TopicPartition kSecond{"t", 1};

// A batch of one record, at any place: its checksum does not cover where it is.
std::string at(int64_t offset, std::string batch) {
  WireWriter base;
  base.number(offset);
  return batch.replace(0, base.str().size(), base.str());
}

std::string batch_of_one(size_t bytes) {
  return encode(TestBatch{0, 0, {{0, std::string(bytes, 'x')}}});
}

size_t resident_bytes() {
  size_t size = 0;
  size_t resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return resident * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
}

// A fetcher of partitions that all are at one broker, from their beginning.
class FetcherOf {
 public:
  FetcherOf(int partitions, size_t ahead_bytes,
            std::function<FetchAnswer(const FetchRequest&)> answer,
            std::chrono::milliseconds id_patience = std::chrono::seconds(5))
      : broker_(std::move(answer)) {
    for (int32_t i = 0; i < partitions; ++i) {
      from_[{"t", i}] = 0;
      leaders_[{"t", i}] = broker_.address();
    }
    FetcherOptions options;
    options.ahead_bytes = ahead_bytes;
    options.id_patience = id_patience;
    fetcher_ = std::make_unique<Fetcher>(
        from_, options, [this]() -> Result<Leaders> { return leaders_; }, bell_, events_);
  }

  size_t held_bytes() const { return fetcher_->held_bytes(); }
  // Waits for the next; the test fails if it does not come.
  Fetched take(const TopicPartition& partition) {
    Fetched fetched = take_any(partition);
    EXPECT_TRUE(fetched.failure.ok()) << fetched.failure.message();
    return fetched;
  }
  // Failures, too.
  Fetched take_any(const TopicPartition& partition) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < end) {
      const uint64_t rings = bell_.rings();
      if (std::optional<Fetched> fetched = fetcher_->queue(partition).pop()) {
        return std::move(*fetched);
      }
      bell_.wait(rings);
    }
    ADD_FAILURE() << "nothing comes of " << partition.to_string();
    return {};
  }
  template <typename Condition>
  void wait_until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!condition() && std::chrono::steady_clock::now() < end) bell_.wait(bell_.rings());
    EXPECT_TRUE(condition());
  }

 private:
  Offsets from_;
  Leaders leaders_;
  ScriptedBroker broker_;
  Bell bell_;
  Events events_{Service()};
  std::unique_ptr<Fetcher> fetcher_;
};

// The offsets of a piece's records.
std::vector<int64_t> offsets_of(Fetched fetched) {
  MessageBlock block;
  while (!fetched.records.done()) EXPECT_TRUE(fetched.records.next(0, {}, block).ok());
  std::vector<int64_t> offsets;
  for (size_t i = 0; i < block.size(); ++i) offsets.push_back(block.offset(i));
  return offsets;
}

TEST(Fetcher, HoldsNoMoreThanItsBudgetOfRecordsThatTrickleWhileNobodyReads) {
  constexpr size_t kAhead = 2 << 20;
  constexpr size_t kBudget = 2 * kAhead;
  constexpr int64_t kRecords = 20'000;
  const size_t before = resident_bytes();
  std::atomic<int64_t> sent{0};
  const std::string batch = batch_of_one(200);
  FetcherOf fetcher(1, kAhead, [&](const FetchRequest& request) {
    const int64_t offset = request.positions.at(kFirst).offset;
    if (offset == kRecords) return FetchAnswer();
    sent = offset + 1;
    return FetchAnswer{{kFirst, at(offset, batch)}};
  });
  fetcher.wait_until([&] { return sent == kRecords || fetcher.held_bytes() >= kBudget; });
  EXPECT_LT(fetcher.held_bytes(), kBudget + 4'096);
  EXPECT_LT(resident_bytes() - before, 6 * kBudget);
  for (int64_t offset = 0; offset < kRecords; ++offset) {
    ASSERT_EQ(offsets_of(fetcher.take(kFirst)), std::vector{offset});
  }
  EXPECT_EQ(fetcher.held_bytes(), 0u);
}

TEST(Fetcher, WaitsForABrokerThatDoesNotKnowAnIdYetAndGivesUpWhenItStaysSo) {
  const PartitionAnswer unknown(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID);
  {
    std::atomic<int> asked{0};
    FetcherOf fetcher(1, 1 << 20, [&](const FetchRequest&) {
      if (++asked < 3) return FetchAnswer{{kFirst, unknown}};
      return asked == 3 ? FetchAnswer{{kFirst, at(0, batch_of_one(9))}} : FetchAnswer();
    });
    EXPECT_EQ(offsets_of(fetcher.take(kFirst)), std::vector<int64_t>{0});
  }
  FetcherOf fetcher(
      1, 1 << 20,
      [&](const FetchRequest&) {
        return FetchAnswer{{kFirst, unknown}};
      },
      std::chrono::milliseconds(1));
  const Fetched given_up = fetcher.take_any(kFirst);
  EXPECT_EQ(given_up.failure.code(), StatusCode::kUnavailable);
  EXPECT_NE(given_up.failure.message().find("deleted, or made anew"), std::string::npos);
}

TEST(Fetcher, DoesNotKeepAnAnswerForTheSakeOfAFewBytesThatNobodyReads) {
  constexpr size_t kAhead = 8 << 20;
  constexpr size_t kBudget = 2 * kAhead;
  constexpr size_t kPart = 1 << 20;
  const size_t before = resident_bytes();
  const std::string large = batch_of_one(kPart);
  const std::string small = batch_of_one(300);
  FetcherOf fetcher(2, kAhead, [&](const FetchRequest& request) {
    FetchAnswer answer;
    for (const auto& [partition, position] : request.positions) {
      answer[partition] = at(position.offset, partition == kFirst ? large : small);
    }
    return answer;
  });
  for (int64_t offset = 0; offset < 200; ++offset) {
    ASSERT_EQ(offsets_of(fetcher.take(kFirst)), std::vector{offset});
  }
  EXPECT_LT(fetcher.held_bytes(), kBudget + 2 * kPart);
  EXPECT_LT(resident_bytes() - before, 6 * kBudget);
}

TEST(Fetcher, SharesItsBudgetAmongPartitions) {
  constexpr int kPartitions = 200;
  constexpr size_t kBudget = 8 << 20;
  constexpr size_t kShare = kBudget / kPartitions;
  std::atomic<int32_t> asked_for{0};
  const std::string batch = batch_of_one(kShare - 200);
  FetcherOf fetcher(kPartitions, kBudget, [&](const FetchRequest& request) {
    FetchAnswer answer;
    for (const auto& [partition, position] : request.positions) {
      asked_for = std::max<int32_t>(asked_for, position.bytes);
      answer[partition] = at(position.offset, batch);
    }
    return answer;
  });
  fetcher.wait_until([&] { return fetcher.held_bytes() >= kBudget / 2; });
  for (int64_t offset = 0; offset < 5; ++offset) {
    for (int32_t i = 0; i < kPartitions; ++i) {
      ASSERT_EQ(offsets_of(fetcher.take({"t", i})), std::vector{offset});
      ASSERT_LT(fetcher.held_bytes(), 2 * kBudget);
    }
  }
  EXPECT_LE(asked_for, static_cast<int32_t>(kShare));
}

// Who waits for one partition must not wait for those who read the others.
TEST(Fetcher, AsksForAPartitionOfWhichNothingIsThereThoughTheOthersUseItsBudget) {
  constexpr size_t kAhead = 1 << 20;
  std::atomic<bool> may_come{false};
  const std::string batch = batch_of_one(9'000);
  FetcherOf fetcher(2, kAhead, [&](const FetchRequest& request) {
    FetchAnswer answer;
    for (const auto& [partition, position] : request.positions) {
      if (partition == kFirst || may_come) answer[partition] = at(position.offset, batch);
    }
    if (answer.empty()) answer[kSecond] = {};  // there is nothing yet
    return answer;
  });
  fetcher.wait_until([&] { return fetcher.held_bytes() >= 2 * kAhead; });
  may_come = true;
  for (int64_t offset = 0; offset < 20; ++offset) {
    ASSERT_EQ(offsets_of(fetcher.take(kSecond)), std::vector{offset});
  }
}

// Topics with `compression.type=zstd`, by brokers of 2.1 to 3.9 (KIP-110).
TEST(Fetcher, LeavesWhatOnlyLaterVersionsAreGivenToOthers) {
  FetcherOf fetcher(1, 1 << 20, [&](const FetchRequest&) {
    return FetchAnswer{{kFirst, PartitionAnswer(RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE)}};
  });
  EXPECT_EQ(fetcher.take_any(kFirst).failure.code(), StatusCode::kUnsupported);
}

}  // namespace
}  // namespace lakeward::connectors::kafka::fetch
