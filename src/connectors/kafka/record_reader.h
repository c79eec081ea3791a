// The records of an epoch's ranges, shared among threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "connectors/kafka/consumer.h"
#include "connectors/kafka/fetch/epoch_guard.h"
#include "connectors/kafka/offsets.h"
#include "stream/source.h"

namespace lakeward::connectors::kafka {

// What an epoch reads of a partition.
struct PartitionRange {
  TopicPartition partition;
  uint32_t split = 0;
  int64_t from = 0;
  int64_t to = 0;
};

// Consumers that wait for the next range, and what was seen of the records. Thread-safe; outlives
// its readers.
class ConsumerPool {
 public:
  // `ahead_bytes`: see Consumer::make().
  ConsumerPool(config::StringMap properties, Service service, size_t ahead_bytes)
      : properties_(std::move(properties)),
        service_(std::move(service)),
        ahead_bytes_(ahead_bytes),
        epochs_(std::make_shared<fetch::LeaderEpochs>()),
        fetch_by_(choose_fetcher(properties_)) {}

  // A consumer that goes on from these places, or a new one in place of the one that waits.
  Result<std::unique_ptr<Consumer>> take(const Offsets& from);
  // One for a few records beside the one that waits, which will go on.
  Result<std::unique_ptr<Consumer>> make_another(const Offsets& from);
  // Keeps it for the next take(), in place of the one before.
  void put(std::unique_ptr<Consumer> consumer);

  // The next range of the partition does not begin where the one before ended.
  void leave_gap(const TopicPartition& partition) { epochs_->forget(partition); }

  // From now on, consumers that are made take only what is of these topics.
  void know(const fetch::TopicIds& ids);

  // Whether some of them asked for records of topics with ids by the topics' names.
  bool has_asked_by_name() const;

  // From now on, consumers fetch by librdkafka.
  void leave_to_librdkafka();

  void observe(uint64_t records, uint64_t bytes);
  // Of payload; nullopt before the first record.
  std::optional<uint64_t> mean_record_bytes() const;

 private:
  const config::StringMap properties_;
  const Service service_;
  const size_t ahead_bytes_;
  const std::shared_ptr<fetch::LeaderEpochs> epochs_;
  const std::shared_ptr<std::atomic<bool>> asked_by_name_ =
      std::make_shared<std::atomic<bool>>(false);
  mutable std::mutex mutex_;
  FetchBy fetch_by_;
  fetch::TopicIds ids_;
  std::unique_ptr<Consumer> waiting_;
  uint64_t records_ = 0;
  uint64_t bytes_ = 0;
};

struct ReadOptions {
  Wanted wanted;
  std::vector<uint64_t> only = {};  // positions, ascending; empty: all
  uint64_t lost = 0;                // see stream::RecordReader
  bool keep_order = false;          // see stream::ReadRequest
  std::stop_token stop = {};        // see stream::ReadRequest
  // Why the brokers do not have a partition's offset any more, with the exact range.
  std::function<Status(const TopicPartition&, int64_t offset)> explain_loss;
};

// Reads each range to its end, whatever gaps transactions and compaction have left in it. Errors of
// its streams: Unavailable if the brokers cannot be reached, or give nothing for a long time.
Result<std::unique_ptr<stream::RecordReader>> make_record_reader(std::shared_ptr<ConsumerPool> pool,
                                                                 std::vector<PartitionRange> ranges,
                                                                 ReadOptions options);

}  // namespace lakeward::connectors::kafka
