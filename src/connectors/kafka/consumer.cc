#include "connectors/kafka/consumer.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace lakeward::connectors::kafka {
namespace {

// Taken at a time: enough to share the cost of a call, little enough to stay in a core's cache.
constexpr size_t kTakenMessages = 2'048;
// Fetched ahead by one consumer, of payload and of messages: each costs librdkafka some 400 bytes
// more.
constexpr size_t kAheadKilobytes = 64 << 10;
constexpr size_t kAheadMessages = 200'000;

void set_default(config::StringMap& properties, const std::string& name, std::string value) {
  const bool given = std::any_of(properties.begin(), properties.end(),
                                 [&](const auto& property) { return property.first == name; });
  if (!given) properties.emplace_back(name, std::move(value));
}

void on_message(rd_kafka_t*, void* bell) { static_cast<Bell*>(bell)->ring(); }

}  // namespace

void Bell::ring() {
  const std::lock_guard lock(mutex_);
  ++rings_;
  rung_.notify_all();
}

uint64_t Bell::rings() const {
  const std::lock_guard lock(mutex_);
  return rings_;
}

void Bell::wait(uint64_t seen) const {
  std::unique_lock lock(mutex_);
  rung_.wait_for(lock, std::chrono::milliseconds(100), [&] { return rings_ > seen; });
}

PartitionFeed::PartitionFeed(Client& client, const TopicPartition& partition, int64_t position,
                             Bell& bell)
    : partition_(partition),
      queue_(rd_kafka_queue_get_partition(client.handle(), partition.topic.c_str(),
                                          partition.partition)),
      messages_(kTakenMessages),
      position_(position),
      known_(position) {
  CHECK(queue_ != nullptr, "a consumer has a queue for any partition");
  // Each partition keeps its messages to itself, instead of passing them to the consumer's queue:
  // one that is ahead waits without holding up the others.
  rd_kafka_queue_forward(queue_, nullptr);
  rd_kafka_queue_cb_event_enable(queue_, on_message, &bell);
}

PartitionFeed::~PartitionFeed() {
  rd_kafka_queue_cb_event_enable(queue_, nullptr, nullptr);
  rd_kafka_queue_destroy(queue_);
}

bool PartitionFeed::finish(int64_t to) {
  const bool done = known_ >= to && (carried_ == nullptr || carried_->offset(carried_first_) >= to);
  if (done) position_ = std::max(position_, to);
  return done;
}

bool PartitionFeed::has_messages() const {
  return carried_ != nullptr || rd_kafka_queue_length(queue_) > 0;
}

Slice PartitionFeed::take_carried(int64_t to) {
  Slice slice{carried_, carried_first_, 0};
  const size_t size = carried_->size();
  while (carried_first_ < size && carried_->offset(carried_first_) < to) {
    ++slice.count;
    ++carried_first_;
  }
  if (slice.count > 0) position_ = slice.block->offset(carried_first_ - 1) + 1;
  if (carried_first_ == size) carried_.reset();
  return slice;
}

Status PartitionFeed::add(const rd_kafka_message_t& message, int64_t to, Wanted wanted,
                          MessageBlock& block) {
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    known_ = std::max(known_, message.offset);
    return ok_status();
  }
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    lost_ = message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
            message.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
    const Status status = kafka_status(message.err, rd_kafka_message_errstr(&message))
                              .with_context("kafka: " + partition_.to_string());
    // It was there when the epoch was planned: a broker that has just started may not know it yet.
    return status.code() == StatusCode::kNotFound ? unavailable(status.message()) : status;
  }
  if (message.offset < known_) return ok_status();  // of a fetch that began before the position
  known_ = message.offset + 1;
  if (message.offset < to) {
    block.add(message, wanted);
    position_ = known_;
  } else {
    if (carried_ == nullptr) {
      carried_ = std::make_shared<MessageBlock>();
      carried_first_ = 0;
    }
    // The next range may ask for more of it than this one.
    carried_->add(message, {.keys = true, .timestamps = true, .headers = true});
  }
  return ok_status();
}

Result<Slice> PartitionFeed::take(int64_t to, Wanted wanted,
                                  const std::shared_ptr<MessageBlock>& block) {
  if (carried_ != nullptr) return take_carried(to);
  // Never more than the range can hold, so that only gaps in the offsets lead beyond its end.
  const auto most = static_cast<size_t>(std::max<int64_t>(1, to - known_));
  const ssize_t count =
      rd_kafka_consume_batch_queue(queue_, 0, messages_.data(), std::min(most, messages_.size()));
  Status status;
  for (ssize_t i = 0; i < count; ++i) {
    rd_kafka_message_t* message = messages_[static_cast<size_t>(i)];
    if (status.ok()) status = add(*message, to, wanted, *block);
    rd_kafka_message_destroy(message);
  }
  RETURN_IF_ERROR(status);
  return Slice{block, 0, block->size()};
}

Result<std::unique_ptr<Consumer>> Consumer::make(const config::StringMap& properties,
                                                 const Offsets& from) {
  config::StringMap all = properties;
  const size_t partitions = std::max<size_t>(1, from.size());
  // These hold for each partition, as each has its own queue.
  set_default(all, "queued.max.messages.kbytes",
              std::to_string(std::max<size_t>(1'024, kAheadKilobytes / partitions)));
  set_default(all, "queued.min.messages",
              std::to_string(std::max<size_t>(2'000, kAheadMessages / partitions)));
  // A full queue is looked at again soon, and not after librdkafka's second.
  set_default(all, "fetch.queue.backoff.ms", "5");
  // The group is only a name here: nothing is committed by this consumer.
  set_default(all, "group.id", "lakeward");
  set_default(all, "auto.offset.reset", "error");
  set_default(all, "enable.auto.commit", "false");
  set_default(all, "enable.auto.offset.store", "false");
  set_default(all, "enable.partition.eof", "true");
  std::unique_ptr<Consumer> consumer(new Consumer());
  ASSIGN_OR_RETURN(consumer->client_, Client::make(all));
  for (const auto& [partition, offset] : from) {
    consumer->feeds_[partition] =
        std::make_unique<PartitionFeed>(*consumer->client_, partition, offset, consumer->bell_);
  }
  const PartitionList list = make_partition_list(from);
  const rd_kafka_resp_err_t error = rd_kafka_assign(consumer->client_->handle(), list.get());
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return consumer;
  return kafka_status(error, rd_kafka_err2str(error)).with_context("kafka: assign");
}

Consumer::~Consumer() {
  if (client_ != nullptr) rd_kafka_assign(client_->handle(), nullptr);
  feeds_.clear();  // before the client
}

bool Consumer::stands_at(const Offsets& from) const {
  return from.size() == feeds_.size() &&
         std::all_of(from.begin(), from.end(), [&](const auto& place) {
           const auto feed = feeds_.find(place.first);
           return feed != feeds_.end() && feed->second->position() == place.second;
         });
}

}  // namespace lakeward::connectors::kafka
