// librdkafka, wrapped: a connection to a cluster, what can be asked of it, and its failures as
// Status. The only file that includes rdkafka.h.
#pragma once

#include <rdkafka.h>

#include <chrono>
#include <compare>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/options.h"
#include "connectors/kafka/offsets.h"

namespace lakeward::connectors::kafka {

// Why librdkafka does not take a property; nullopt if it does.
std::optional<std::string> refuse_property(const std::string& name, const std::string& value);

// A failure that librdkafka names, as a Status: InvalidArgument for what somebody must mend
// (passwords, certificates, permissions), NotFound for an unknown topic, else Unavailable.
Status kafka_status(rd_kafka_resp_err_t error, const std::string& detail);

// A message's headers as in headers.h.
std::string headers_json(const rd_kafka_message_t& message);

// Where a partition is read from.
struct BrokerAddress {
  std::string host;
  int port = 0;
  auto operator<=>(const BrokerAddress&) const = default;
};

// What librdkafka's threads report beside the answers to calls. Thread-safe.
class Events {
 public:
  void add(rd_kafka_resp_err_t error, const char* text);
  // Forgets everything: called when the cluster has answered.
  void clear();
  // The failure that explains best why nothing comes, or OK if there was none.
  Status failure() const;
  // Whether no broker can be reached, or none that lets us in.
  bool is_down() const;

  // A producer's record that the brokers did not take; the first of them.
  struct Refusal {
    rd_kafka_resp_err_t error;
    std::string text;
    size_t bytes = 0;  // of key and value
  };
  void add_refusal(const rd_kafka_message_t& message);
  std::optional<Refusal> refusal() const;

 private:
  mutable std::mutex mutex_;
  std::optional<Status> fatal_;  // not retriable
  std::string last_;             // what is known of a connection that failed
  bool all_down_ = false;
  std::optional<Refusal> refusal_;
};

// What a consumer group has stored of a partition.
struct StoredOffset {
  int64_t offset = 0;
  std::string metadata;
};

// Thread-safe.
class Client {
 public:
  enum class Role { kConsumer, kProducer };

  // Connects in the background. Errors: InvalidArgument for properties that do not fit together.
  static Result<std::unique_ptr<Client>> make(const config::StringMap& properties,
                                              Role role = Role::kConsumer);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  rd_kafka_t* handle() { return handle_; }

  // The numbers of a topic's partitions, ascending. Errors: NotFound, Unavailable, InvalidArgument.
  Result<std::vector<int32_t>> partitions(const std::string& topic);

  // The leader of each of the topics' partitions that has one. Errors: as partitions().
  Result<std::map<TopicPartition, BrokerAddress>> leaders(const std::vector<std::string>& topics);

  // For each partition, the offset of what `wanted` asks: Start::kEarliest, Start::kLatest (the end
  // that a reader of this isolation level can come to) or milliseconds since 1970 (the first record
  // at or after; the end if there is none). The partitions must be known to exist. Errors:
  // Unavailable, InvalidArgument.
  Result<Offsets> list_offsets(const Offsets& wanted);

  // Tells the consumer group `group.id` what has been read, without waiting for the answer.
  Status commit(const Offsets& offsets);

  // What the consumer group `group.id` has stored of a partition; waits until no transaction that
  // may change it is open. nullopt if nothing. Errors as list_offsets().
  Result<std::optional<StoredOffset>> committed(const TopicPartition& partition);

  // Serves librdkafka's callbacks and says what is wrong, if anything is.
  Status failure();
  bool is_down();
  void clear_events() { events_.clear(); }
  // What goes wrong beside librdkafka.
  Events& events() { return events_; }
  std::optional<Events::Refusal> refusal() const { return events_.refusal(); }

 private:
  Client() = default;
  // Calls `use(metadata)` with what is known of the topic.
  template <typename Use>
  Status look_up(const std::string& topic, Use use);
  // Calls `ask(timeout_ms)` until it succeeds, or cannot, or there was time enough.
  template <typename Ask>
  Status repeat(const std::string& what, Ask ask);

  Events events_;
  rd_kafka_t* handle_ = nullptr;
};

struct PartitionListDeleter {
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
};
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, PartitionListDeleter>;
PartitionList make_partition_list(const Offsets& offsets);

}  // namespace lakeward::connectors::kafka
