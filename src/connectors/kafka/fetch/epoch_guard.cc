#include "connectors/kafka/fetch/epoch_guard.h"

#include <algorithm>
#include <utility>

namespace lakeward::connectors::kafka::fetch {

int32_t LeaderEpochs::of(const TopicPartition& partition) const {
  const std::lock_guard lock(mutex_);
  const auto known = epochs_.find(partition);
  return known == epochs_.end() ? kNoEpoch : known->second;
}

void LeaderEpochs::note(const TopicPartition& partition, int32_t epoch) {
  const std::lock_guard lock(mutex_);
  // What is read again may be older than what was read.
  int32_t& known = epochs_.emplace(partition, epoch).first->second;
  known = std::max(known, epoch);
}

void LeaderEpochs::forget(const TopicPartition& partition) {
  const std::lock_guard lock(mutex_);
  epochs_.erase(partition);
}

bool EpochGuard::admits(int32_t other) {
  // Whatever was written after a truncation has a greater epoch than what was read before it.
  const bool is_read_again = !taken_ && other < epoch_;
  if (epoch_ == kNoEpoch || is_read_again) {
    epoch_ = other;
    taken_ = true;
    return true;
  }
  doubted_ = other;
  return false;
}

EpochGuard::Verdict EpochGuard::judge(int64_t end, int64_t next, Clock::time_point now,
                                      Clock::duration patience) {
  const int32_t doubted = std::exchange(doubted_, kNoEpoch);
  if (end >= 0 && end < next) return Verdict::kTruncated;
  if (end >= 0 && doubted > epoch_) {
    epoch_ = doubted;
    taken_ = true;
    doubted_since_.reset();
    return Verdict::kGoOn;
  }
  // A broker may say either that has not heard yet that it is the leader no more.
  if (!doubted_since_) doubted_since_ = now;
  return now - *doubted_since_ < patience ? Verdict::kFetchAgain : Verdict::kUnknown;
}

}  // namespace lakeward::connectors::kafka::fetch
