// How much memory records may hold that were fetched and not read yet.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string_view>

#include "connectors/kafka/fetch/connection.h"

namespace lakeward::connectors::kafka::fetch {

// Of all partitions together. Thread-safe.
class FetchBudget {
 public:
  explicit FetchBudget(size_t limit);
  ~FetchBudget();
  FetchBudget(const FetchBudget&) = delete;
  FetchBudget& operator=(const FetchBudget&) = delete;

  size_t limit() const { return limit_; }
  size_t held() const { return held_.load(std::memory_order_relaxed); }
  bool is_full() const { return held() >= limit_; }
  void take(size_t bytes) { held_ += bytes; }
  // Wakes the fetcher if it makes room.
  void give_back(size_t bytes);

  // What the fetcher's poll() waits for besides its connections: wake(), until clear_wakes().
  int descriptor() const { return wake_; }
  void wake() const;
  void clear_wakes() const;

 private:
  const size_t limit_;
  const int wake_;  // an eventfd
  std::atomic<size_t> held_{0};
};

// A piece of an answer, and what keeps it, with format::kPadding readable bytes behind it.
struct KeptPiece {
  std::shared_ptr<const void> owner;
  std::string_view bytes;
};

// Keeps the pieces of one answer. A large piece stays where it is, and all of the answer's memory
// counts until the last one is let go; a small one is copied, so that it cannot hold all the rest.
class AnswerKeeper {
 public:
  // The budget is shared with what is kept, which may outlive a fetcher.
  AnswerKeeper(std::shared_ptr<FetchBudget> budget, const Answer& answer);
  // A part of the answer's text.
  KeptPiece keep(std::string_view piece);

 private:
  const std::shared_ptr<FetchBudget> budget_;
  const Answer& answer_;
  size_t block_bytes_ = 0;
  std::shared_ptr<const void> whole_;  // once a piece stays where it is
};

}  // namespace lakeward::connectors::kafka::fetch
