#include "connectors/kafka/topic.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "connectors/kafka/handles.h"
#include "connectors/kafka/start.h"

namespace lakeward::connectors::kafka {
namespace {

using std::chrono::steady_clock;

constexpr int kTimeoutMs = 10'000;
constexpr std::chrono::seconds kPatience{10};

Status refused(rd_kafka_resp_err_t error, const char* text) {
  const std::string why = text == nullptr ? rd_kafka_err2str(error) : text;
  switch (error) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
      return ok_status();
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_REQUEST:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
      return invalid_argument(why + "; correct 'create_topic'");
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return invalid_argument(why + "; the user needs the permission Create on the topic");
    default:
      return kafka_status(error, why);
  }
}

Status request(Client& client, const std::string& topic, const NewTopic& wanted) {
  std::array<char, 512> why{};
  const TopicRequest one(rd_kafka_NewTopic_new(
      topic.c_str(), wanted.partitions > 0 ? static_cast<int>(wanted.partitions) : -1,
      wanted.replication > 0 ? static_cast<int>(wanted.replication) : -1, why.data(), why.size()));
  if (one == nullptr) return invalid_argument(std::string(why.data()) + "; correct 'create_topic'");
  for (const auto& [name, value] : wanted.config) {
    rd_kafka_NewTopic_set_config(one.get(), name.c_str(), value.c_str());
  }
  const AdminOptions options(
      rd_kafka_AdminOptions_new(client.handle(), RD_KAFKA_ADMIN_OP_CREATETOPICS));
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kTimeoutMs, why.data(), why.size());
  const Queue answers(rd_kafka_queue_new(client.handle()));
  rd_kafka_NewTopic_t* topics[] = {one.get()};
  rd_kafka_CreateTopics(client.handle(), topics, 1, options.get(), answers.get());
  const Event answer(rd_kafka_queue_poll(answers.get(), 2 * kTimeoutMs));
  if (answer == nullptr) return unavailable("the brokers did not answer");
  if (rd_kafka_event_error(answer.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return refused(rd_kafka_event_error(answer.get()), rd_kafka_event_error_string(answer.get()));
  }
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer.get()), &count);
  CHECK(count == 1, "one topic is asked for");
  return refused(rd_kafka_topic_result_error(results[0]),
                 rd_kafka_topic_result_error_string(results[0]));
}

bool has_leader(const PartitionState& partition) { return partition.leader >= 0; }

// Those that have one.
Status ask_leaders(Client& client, const std::string& topic,
                   const std::vector<PartitionState>& partitions) {
  Offsets wanted;
  for (const PartitionState& partition : partitions) {
    if (has_leader(partition)) wanted[{topic, partition.number}] = Start::kLatest;
  }
  return client.list_offsets(wanted).status();
}

// Of a new topic: all of them.
Status ask_all_leaders(Client& client, const std::string& topic) {
  ASSIGN_OR_RETURN(const std::vector<PartitionState> partitions, client.states(topic));
  if (!std::all_of(partitions.begin(), partitions.end(), has_leader)) {
    return unavailable(describe_trouble(topic, partitions));
  }
  return ask_leaders(client, topic, partitions);
}

}  // namespace

Status create_topic(Client& client, const std::string& topic, const NewTopic& wanted) {
  RETURN_IF_ERROR(
      request(client, topic, wanted).with_context("kafka: making the topic '" + topic + "'"));
  return await_topic(client, topic);
}

Status await_topic(Client& client, const std::string& topic) {
  const auto end = steady_clock::now() + kPatience;
  while (true) {
    const Status served = ask_all_leaders(client, topic);
    const bool not_yet = served.code() == StatusCode::kNotFound || served.retriable();
    if (!not_yet) return served;
    if (steady_clock::now() >= end) {
      return unavailable(client.service().name + ": the " + client.service().topic + " '" + topic +
                         "' was made, but cannot be used yet: " + served.message());
    }
    rd_kafka_poll(client.handle(), 50);
  }
}

Status await_leaders(Client& client, const std::string& topic) {
  ASSIGN_OR_RETURN(const std::vector<PartitionState> partitions, client.states(topic));
  return ask_leaders(client, topic, partitions);
}

}  // namespace lakeward::connectors::kafka
