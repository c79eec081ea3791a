// A consumer that reads given partitions from given offsets, stops at any offset, and goes on from
// there later with what it has fetched meanwhile.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "base/status.h"
#include "connectors/kafka/client.h"
#include "connectors/kafka/message_block.h"
#include "connectors/kafka/offsets.h"

namespace lakeward::connectors::kafka {

// Wakes threads that wait for messages. Thread-safe.
class Bell {
 public:
  void ring();
  uint64_t rings() const;
  // Waits until there were more rings than `seen`, or for 100 ms.
  void wait(uint64_t seen) const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable rung_;
  uint64_t rings_ = 0;
};

// Part of a block: records [first, first + count).
struct Slice {
  std::shared_ptr<const MessageBlock> block;
  size_t first = 0;
  size_t count = 0;
};

// What librdkafka has fetched of one partition. Used by one thread at a time.
class PartitionFeed {
 public:
  // Messages are fetched only once the partition is assigned.
  PartitionFeed(Client& client, const TopicPartition& partition, int64_t position, Bell& bell);
  ~PartitionFeed();
  PartitionFeed(const PartitionFeed&) = delete;
  PartitionFeed& operator=(const PartitionFeed&) = delete;

  // Everything before it has been taken.
  int64_t position() const { return position_; }
  // Whether every record before `to` has been taken; then the position is `to`.
  bool finish(int64_t to);
  // Whether take() would find something now.
  bool has_messages() const;

  // Takes records before `to` that are there, some thousand at most; count is 0 if there are none.
  // `block` must be empty. Errors: as kafka_status(); see lost().
  Result<Slice> take(int64_t to, Wanted wanted, const std::shared_ptr<MessageBlock>& block);
  // Whether the last failure of take() was that the broker no longer has the position.
  bool lost() const { return lost_; }

 private:
  Status add(const rd_kafka_message_t& message, int64_t to, Wanted wanted, MessageBlock& block);
  Slice take_carried(int64_t to);

  TopicPartition partition_;
  rd_kafka_queue_t* queue_;
  std::vector<rd_kafka_message_t*> messages_;
  int64_t position_;
  // Between the position and here there is nothing but what is carried.
  int64_t known_;
  // Records behind the end of the range for which they were taken.
  std::shared_ptr<MessageBlock> carried_;
  size_t carried_first_ = 0;
  bool lost_ = false;
};

// Used by one thread, save for its feeds, each of which may be used by another.
class Consumer {
 public:
  // Reads from these places on. It cannot be sent to others: what librdkafka had fetched for the
  // old places could be taken for the new ones.
  static Result<std::unique_ptr<Consumer>> make(const config::StringMap& properties,
                                                const Offsets& from);
  ~Consumer();

  // Whether it would go on at just these places.
  bool stands_at(const Offsets& from) const;

  PartitionFeed& feed(const TopicPartition& partition) { return *feeds_.at(partition); }
  Bell& bell() { return bell_; }
  Client& client() { return *client_; }

 private:
  Consumer() = default;

  Bell bell_;
  std::unique_ptr<Client> client_;
  std::map<TopicPartition, std::unique_ptr<PartitionFeed>> feeds_;
};

}  // namespace lakeward::connectors::kafka
