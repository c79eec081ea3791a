// Fetches partitions from their leaders, ahead of those who read them, on one thread.
//
// librdkafka makes an object of each message; here an answer of a broker stays one piece of memory,
// which readers unpack, on their own threads, straight into what decoders read from.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/status.h"
#include "connectors/kafka/bell.h"
#include "connectors/kafka/client.h"
#include "connectors/kafka/fetch/connection.h"
#include "connectors/kafka/fetch/epoch_api.h"
#include "connectors/kafka/fetch/epoch_guard.h"
#include "connectors/kafka/fetch/fetch_api.h"
#include "connectors/kafka/fetch/fetch_budget.h"
#include "connectors/kafka/fetch/record_set.h"
#include "connectors/kafka/offsets.h"

namespace lakeward::connectors::kafka::fetch {

// The brokers' log is not the one that was read any more.
struct Divergence {
  int32_t epoch = 0;  // of the leader that had written what was read last
  int64_t end = -1;   // from here on; negative: nobody knows
};

// What one answer brought of a partition, or why no more will come of it.
struct Fetched {
  RecordSetReader records;
  size_t bytes = 0;
  Status failure;
  bool lost = false;  // the failure is that the broker has no such offset
  std::optional<Divergence> divergence;
};

using Leaders = std::map<TopicPartition, BrokerAddress>;

struct FetcherOptions {
  std::string client_id = "lakeward";
  Service service;
  Security security;
  FetchOptions fetch;
  // A broker that says nothing for so long is taken for dead.
  std::chrono::milliseconds patience{30'000};
  // Of all partitions, as brokers send them; the memory that they keep is twice this at most. Each
  // partition may have its share. One of which nothing is there is asked for in any case, as
  // somebody may wait for it.
  size_t ahead_bytes = 64 << 20;
  // Of these topics, only what is of their ids is taken, where brokers know them.
  TopicIds ids = {};
  // Becomes true where a broker does not know ids, and is asked for these topics by their names.
  std::shared_ptr<std::atomic<bool>> asked_by_name = std::make_shared<std::atomic<bool>>(false);
  // An id may be unknown for so long, to a broker that has not heard of the topic yet.
  std::chrono::milliseconds id_patience{5'000};
  // What fetchers before it have learned, and where those after it find what it learns.
  std::shared_ptr<LeaderEpochs> epochs = std::make_shared<LeaderEpochs>();
};

// Thread-safe.
class Fetcher {
 public:
  // Begins at once. `find_leaders` may wait; it is called on the fetcher's thread. `bell` rings
  // when something has come; `events` hears of brokers that are away. All outlive it.
  Fetcher(const Offsets& from, FetcherOptions options,
          std::function<Result<Leaders>()> find_leaders, Bell& bell, Events& events);
  ~Fetcher();
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;

  // The queue of a partition that `from` names.
  class Queue;
  Queue& queue(const TopicPartition& partition);

  // Whether there is a partition of which no more will come.
  bool has_failed() const { return has_failed_.load(std::memory_order_acquire); }
  // The memory of what was fetched and is not read yet.
  size_t held_bytes() const { return budget_->held(); }

 private:
  using Clock = std::chrono::steady_clock;
  struct Partition;
  struct Link;

  void run();
  void find_leaders();
  Link& link_to(const BrokerAddress& address);
  void ask(Link& link);
  void wait();
  void proceed(Link& link);
  void deliver(Link& link, const Answer& answer);
  Status deliver_records(Link& link, const Answer& answer);
  Status deliver_epochs(Link& link, const Answer& answer);
  void deliver(Partition& partition, Link& link, AnswerKeeper& keeper, FetchedPartition& fetched);
  void deliver(Partition& partition, const EpochEnd& end);
  bool deliver_error(Partition& partition, int16_t error);
  void give_up(Partition& partition, Status status, bool lost = false);
  // Leaves those of the positions that go into one question: of topics with ids, or of those
  // without, by turns.
  void choose(Link& link, std::vector<FetchPosition>& positions);
  void look_for_leader(Partition& partition);
  void watch(Link& link);
  void fail(Link& link, const Status& status);
  void leave_to_others(Link& link, const Status& status);

  FetcherOptions options_;
  const size_t share_bytes_;  // of ahead_bytes, for each partition
  const std::shared_ptr<FetchBudget> budget_;
  const std::function<Result<Leaders>()> find_leaders_;
  Bell& bell_;
  Events& events_;
  std::map<TopicPartition, std::unique_ptr<Partition>> partitions_;
  AnswerMemory memory_;
  std::vector<std::unique_ptr<Link>> links_;
  std::optional<Clock::time_point> leaders_due_;
  int32_t correlation_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> has_failed_{false};
  std::thread thread_;  // the last member: it uses the others
};

// Between the fetcher and who reads the partition. Thread-safe.
class Fetcher::Queue {
 public:
  bool empty() const { return size_.load(std::memory_order_acquire) == 0; }
  std::optional<Fetched> pop();

 private:
  friend class Fetcher;
  void push(Fetched fetched);
  // In place of all that nobody has taken yet.
  void replace(Fetched fetched);
  bool has_share() const;

  Fetcher* fetcher_ = nullptr;
  std::mutex mutex_;  // guards fetched_
  std::deque<Fetched> fetched_;
  std::atomic<size_t> size_{0};
  std::atomic<size_t> bytes_{0};
};

}  // namespace lakeward::connectors::kafka::fetch
