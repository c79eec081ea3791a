// librdkafka, wrapped: a connection to a cluster, and what can be asked of it.
#pragma once

#include <rdkafka.h>

#include <chrono>
#include <compare>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/options.h"
#include "connectors/kafka/acknowledgements.h"
#include "connectors/kafka/errors.h"
#include "connectors/kafka/oauth_token.h"
#include "connectors/kafka/offsets.h"
#include "connectors/kafka/partition_state.h"
#include "connectors/kafka/rebootstrap.h"

namespace lakeward::connectors::kafka {

// A message's headers as in headers.h.
std::string packed_headers(const rd_kafka_message_t& message);

// Where a partition is read from.
struct BrokerAddress {
  std::string host;
  int port = 0;
  auto operator<=>(const BrokerAddress&) const = default;
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

  // Connects in the background. Tokens for OAUTHBEARER (librdkafka's properties
  // sasl.oauthbearer.token.endpoint.url, client.id, …) are asked for and renewed by fetch_token().
  // Errors: InvalidArgument for properties that do not fit together.
  static Result<std::unique_ptr<Client>> make(const config::StringMap& properties,
                                              Role role = Role::kConsumer,
                                              const Service& service = Service());
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  rd_kafka_t* handle() { return handle_; }
  const Service& service() const { return service_; }
  // Those it was made with. Holds secrets: never show it.
  const config::StringMap& properties() const { return properties_; }
  // "kafka: what", and kafka_status() in the service's words.
  Status failed(const std::string& what, rd_kafka_resp_err_t error,
                const std::string& detail) const;

  // From now on, questions that are not answered end with Cancelled once this is requested.
  void heed(std::stop_token stop);

  // All topics that may be seen. Errors: Unavailable, InvalidArgument.
  Result<std::vector<std::string>> topics();

  // The numbers of a topic's partitions, ascending. Errors: NotFound, Unavailable, InvalidArgument.
  Result<std::vector<int32_t>> partitions(const std::string& topic);

  // Who holds each of a topic's partitions, ascending. Errors: as partitions().
  Result<std::vector<PartitionState>> states(const std::string& topic);

  // The leader of each of the topics' partitions that has one. Errors: as partitions().
  Result<std::map<TopicPartition, BrokerAddress>> leaders(const std::vector<std::string>& topics);

  // For each partition, the offset of what `wanted` asks: Start::kEarliest, Start::kLatest (the end
  // that a reader of this isolation level can come to) or milliseconds since 1970 (the first record
  // at or after; the end if there is none). The partitions must be known to exist. Errors:
  // Unavailable, InvalidArgument.
  Result<Offsets> list_offsets(const Offsets& wanted);

  // What the consumer group `group.id` has stored of a partition; waits until no transaction that
  // may change it is open. nullopt if nothing. Errors as list_offsets().
  Result<std::optional<StoredOffset>> committed(const TopicPartition& partition);

  // The token for OAUTHBEARER by which brokers let it in now. Errors: Unavailable if there is none.
  Result<OauthToken> token() const;

  // Serves librdkafka's callbacks, and has it look for brokers if it knows none any more: whoever
  // waits calls this, or failure() or is_down(), again and again.
  void poll();
  // Says what is wrong, if anything is.
  Status failure();
  bool is_down();
  void clear_events() { events_.clear(); }
  // What goes wrong beside librdkafka.
  Events& events() { return events_; }
  std::optional<Events::Refusal> refusal() const { return events_.refusal(); }
  // Of a producer.
  const Acknowledgements& acknowledgements() const { return acknowledgements_; }

 private:
  Client(const Service& service, const config::StringMap& properties)
      : service_(service), properties_(properties), events_(service) {}
  static void on_error(rd_kafka_t* handle, int error, const char* text, void* client);
  static void on_log(const rd_kafka_t* handle, int level, const char* what, const char* text);
  static void on_delivery(rd_kafka_t* handle, const rd_kafka_message_t* message, void* client);
  static void on_token_wanted(rd_kafka_t* handle, const char* config, void* client);
  void renew_token(rd_kafka_t* handle);
  // Calls `use(metadata)` with what is known of the topic.
  template <typename Use>
  Status look_up(const std::string& topic, Use use);
  // Calls `ask(timeout_ms)` until it succeeds, or cannot, or there was time enough.
  template <typename Ask>
  Status repeat(const std::string& what, Ask ask);
  // Why no answer has come, after all that time if it is `over`: `last`, or more than that.
  Status unanswered(const std::string& what, bool over, const Status& last) const;
  // Of a question about this topic that failed: with what the cluster says of its partitions.
  Status explain_silence(const Status& status, const std::string& topic);
  bool is_stopped() const;

  const Service service_;
  const config::StringMap properties_;
  Events events_;
  Acknowledgements acknowledgements_;
  std::optional<OauthClient> oauth_;
  std::vector<std::string> extensions_;  // of the SASL login: name, value, …
  mutable std::mutex token_mutex_;       // guards token_
  std::optional<OauthToken> token_;
  mutable std::mutex stop_mutex_;  // guards stop_
  std::stop_token stop_;
  std::stop_source ending_;
  Rebootstrap rebootstrap_;
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
