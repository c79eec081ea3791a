// A consumer that reads given partitions from given offsets, stops at any offset, and goes on from
// there later with what it has fetched meanwhile.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "base/status.h"
#include "connectors/kafka/bell.h"
#include "connectors/kafka/client.h"
#include "connectors/kafka/fetch/topic_id.h"
#include "connectors/kafka/message_block.h"
#include "connectors/kafka/offsets.h"

namespace lakeward::connectors::kafka {

namespace fetch {
class Fetcher;
class LeaderEpochs;
}  // namespace fetch

// How much is fetched ahead at most; it may need twice the memory.
inline constexpr size_t kAheadBytes = size_t{64} << 20;

// Part of a block: records [first, first + count).
struct Slice {
  std::shared_ptr<const MessageBlock> block;
  size_t first = 0;
  size_t count = 0;
};

// What has been fetched of one partition. Used by one thread at a time.
class PartitionFeed {
 public:
  virtual ~PartitionFeed() = default;

  // Everything before it has been taken.
  virtual int64_t position() const = 0;
  // Whether every record before `to` has been taken; then the position is `to`.
  virtual bool finish(int64_t to) = 0;
  // Whether take() would find something now.
  virtual bool has_messages() const = 0;

  // Takes records before `to` that are there, some thousand at most; count is 0 if there are none.
  // `block` must be empty. Errors: as Client::failed(); Unsupported if only librdkafka can read
  // them; see lost().
  virtual Result<Slice> take(int64_t to, Wanted wanted,
                             const std::shared_ptr<MessageBlock>& block) = 0;
  // Whether the last failure of take() was that the broker no longer has the position.
  virtual bool lost() const = 0;
};

// Who fetches. Our own fetcher does it for a third of the processor time, but does not know every
// property, nor the record format of brokers before 0.11.
enum class FetchBy { kLibrdkafka, kFetcher };

// kFetcher if that can do it. Properties that Lakeward does not set itself are librdkafka's.
FetchBy choose_fetcher(const config::StringMap& properties);

// What is known from before, to be compared with; only our own fetcher does.
struct KnownTopics {
  std::shared_ptr<fetch::LeaderEpochs> epochs = {};  // null: nothing
  fetch::TopicIds ids = {};
  // See fetch::FetcherOptions; may be null.
  std::shared_ptr<std::atomic<bool>> asked_by_name = {};
};

// Used by one thread, save for its feeds, each of which may be used by another.
class Consumer {
 public:
  // Reads from these places on. It cannot be sent to others: what librdkafka had fetched for the
  // old places could be taken for the new ones.
  static Result<std::unique_ptr<Consumer>> make(const config::StringMap& properties,
                                                const Offsets& from, FetchBy fetch_by,
                                                const Service& service = Service(),
                                                size_t ahead_bytes = kAheadBytes,
                                                KnownTopics known = {});
  ~Consumer();

  // Whether it would go on at just these places, as far as is known.
  bool stands_at(const Offsets& from) const;

  PartitionFeed& feed(const TopicPartition& partition) { return *feeds_.at(partition); }
  Bell& bell() { return bell_; }
  Client& client() { return *client_; }

 private:
  Consumer() = default;
  Status feed_by_librdkafka(const Offsets& from);
  Status feed_by_fetcher(const config::StringMap& properties, const Offsets& from,
                         size_t ahead_bytes, KnownTopics known);

  Bell bell_;
  std::unique_ptr<Client> client_;
  std::unique_ptr<fetch::Fetcher> fetcher_;  // if it is the one
  std::map<TopicPartition, std::unique_ptr<PartitionFeed>> feeds_;
};

}  // namespace lakeward::connectors::kafka
