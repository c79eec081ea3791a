// Whether a partition's log is still the one that was read.
//
// Each leader of a partition has an epoch, greater than those before, which is in the header of the
// batches that it wrote. Where a replica becomes the leader that lacks what others have read, it
// writes other records in the place of those: with a greater epoch. So a batch of the epoch that
// was read last is what follows; before one of another epoch, the leader must be asked where the
// known epoch ends (KIP-101, KIP-320).
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

#include "connectors/kafka/offsets.h"

namespace lakeward::connectors::kafka::fetch {

// Of batches that say nothing of their leader, and before the first one.
inline constexpr int32_t kNoEpoch = -1;

// What is known of the partitions from fetcher to fetcher. Thread-safe.
class LeaderEpochs {
 public:
  // kNoEpoch if nothing is known.
  int32_t of(const TopicPartition& partition) const;
  void note(const TopicPartition& partition, int32_t epoch);
  // Some of the partition is left out: what is known of it says nothing of what comes then.
  void forget(const TopicPartition& partition);

 private:
  mutable std::mutex mutex_;  // guards epochs_
  std::map<TopicPartition, int32_t> epochs_;
};

// Of one partition.
class EpochGuard {
 public:
  using Clock = std::chrono::steady_clock;

  // `known`: no record before the position had a greater epoch when it was read.
  explicit EpochGuard(int32_t known = kNoEpoch) : epoch_(known) {}

  // Batches of this epoch need no question.
  int32_t epoch() const { return epoch_; }
  // The next batch has another epoch. Whether it may be taken, being of epoch() then; else it is in
  // doubt.
  bool admits(int32_t other);
  bool in_doubt() const { return doubted_ != kNoEpoch; }
  // An answer has brought nothing to doubt.
  void reassure() { doubted_since_.reset(); }
  // Nobody has answered: what was in doubt is fetched again.
  void withdraw() { doubted_ = kNoEpoch; }

  enum class Verdict {
    kGoOn,
    kFetchAgain,  // somebody else may be the leader
    kTruncated,
    kUnknown,  // for long, the leader has not known the epoch, or has sent batches of older ones
  };
  // Whoever sent what is in doubt says that epoch() ends at `end` (negative: it does not know);
  // `next` is the position. There is no doubt any more.
  Verdict judge(int64_t end, int64_t next, Clock::time_point now, Clock::duration patience);

 private:
  int32_t epoch_;
  bool taken_ = false;  // a batch of epoch_, or it was vouched for
  int32_t doubted_ = kNoEpoch;
  std::optional<Clock::time_point> doubted_since_;
};

}  // namespace lakeward::connectors::kafka::fetch
