// What librdkafka has fetched of one partition.
#pragma once

#include <memory>
#include <vector>

#include "connectors/kafka/bell.h"
#include "connectors/kafka/consumer.h"

namespace lakeward::connectors::kafka {

// Messages are copied out of librdkafka's memory.
class QueueFeed final : public PartitionFeed {
 public:
  // Messages are fetched only once the partition is assigned. `bell` rings when some have come.
  QueueFeed(Client& client, const TopicPartition& partition, int64_t position, Bell& bell);
  ~QueueFeed() override;
  QueueFeed(const QueueFeed&) = delete;
  QueueFeed& operator=(const QueueFeed&) = delete;

  int64_t position() const override { return position_; }
  bool finish(int64_t to) override;
  bool has_messages() const override;
  Result<Slice> take(int64_t to, Wanted wanted,
                     const std::shared_ptr<MessageBlock>& block) override;
  bool lost() const override { return lost_; }

 private:
  Status add(const rd_kafka_message_t& message, int64_t to, Wanted wanted, MessageBlock& block);
  Slice take_carried(int64_t to);

  Client& client_;
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

}  // namespace lakeward::connectors::kafka
