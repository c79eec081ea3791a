#include "connectors/kafka/queue_feed.h"

#include <algorithm>
#include <optional>
#include <string>

namespace lakeward::connectors::kafka {
namespace {

// Taken at a time: enough to share the cost of a call, little enough to stay in a core's cache.
constexpr size_t kTakenMessages = 2'048;

void on_message(rd_kafka_t*, void* bell) { static_cast<Bell*>(bell)->ring(); }

// Copies a message: in librdkafka's own buffers, the last payload may not be followed by readable
// bytes, as decoders need them.
void copy_message(const rd_kafka_message_t& message, Wanted wanted, MessageBlock& block) {
  block.add(
      message.payload == nullptr ? format::kNoPayload : block.copy(message.payload, message.len),
      message.offset);
  if (wanted.keys) {
    block.add_key(message.key == nullptr ? std::nullopt
                                         : std::optional(block.copy(message.key, message.key_len)));
  }
  if (wanted.timestamps) {
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    block.add_timestamp(rd_kafka_message_timestamp(&message, &type));
  }
  if (wanted.headers) {
    const std::string packed = packed_headers(message);
    block.add_headers(packed.empty() ? packed : block.copy(packed.data(), packed.size()));
  }
}

}  // namespace

QueueFeed::QueueFeed(Client& client, const TopicPartition& partition, int64_t position, Bell& bell)
    : client_(client),
      partition_(partition),
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

QueueFeed::~QueueFeed() {
  rd_kafka_queue_cb_event_enable(queue_, nullptr, nullptr);
  rd_kafka_queue_destroy(queue_);
}

bool QueueFeed::finish(int64_t to) {
  const bool done = known_ >= to && (carried_ == nullptr || carried_->offset(carried_first_) >= to);
  if (done) position_ = std::max(position_, to);
  return done;
}

bool QueueFeed::has_messages() const {
  return carried_ != nullptr || rd_kafka_queue_length(queue_) > 0;
}

Slice QueueFeed::take_carried(int64_t to) {
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

Status QueueFeed::add(const rd_kafka_message_t& message, int64_t to, Wanted wanted,
                      MessageBlock& block) {
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    known_ = std::max(known_, message.offset);
    return ok_status();
  }
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    lost_ = message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
            message.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
    const Status status =
        client_.failed(partition_.to_string(), message.err, rd_kafka_message_errstr(&message));
    // It was there when the epoch was planned: a broker that has just started may not know it yet.
    return status.code() == StatusCode::kNotFound ? unavailable(status.message()) : status;
  }
  if (message.offset < known_) return ok_status();  // of a fetch that began before the position
  known_ = message.offset + 1;
  if (message.offset < to) {
    copy_message(message, wanted, block);
    position_ = known_;
  } else {
    if (carried_ == nullptr) {
      carried_ = std::make_shared<MessageBlock>();
      carried_first_ = 0;
    }
    // The next range may ask for more of it than this one.
    copy_message(message, {.keys = true, .timestamps = true, .headers = true}, *carried_);
  }
  return ok_status();
}

Result<Slice> QueueFeed::take(int64_t to, Wanted wanted,
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

}  // namespace lakeward::connectors::kafka
