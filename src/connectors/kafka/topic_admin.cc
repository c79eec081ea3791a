#include "connectors/kafka/topic_admin.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "connectors/kafka/client.h"
#include "connectors/kafka/connection.h"
#include "connectors/kafka/handles.h"
#include "connectors/kafka/start.h"

namespace lakeward::connectors::kafka {
namespace {

constexpr int kTimeoutMs = 15'000;
// Of a question to the controller, which may be a broker that has just died: then, with what the
// others say by now, it is asked again.
constexpr int kSettingsTimeoutMs = 3'000;
constexpr int kSettingsAttempts = 5;

using Metadata = std::unique_ptr<const rd_kafka_metadata_t, Deleter<rd_kafka_metadata_destroy>>;
using Resource =
    std::unique_ptr<rd_kafka_ConfigResource_t, Deleter<rd_kafka_ConfigResource_destroy>>;

class Admin final : public TopicAdmin {
 public:
  explicit Admin(std::unique_ptr<Client> client) : client_(std::move(client)) {}

  Result<std::vector<TopicSummary>> list() override;
  Result<TopicDescription> describe(const std::string& topic) override;
  Status create(const TopicWish& topic) override;

 private:
  // The answer to an administrator's request that `send` puts with the queue for it.
  template <typename Send>
  Result<Event> ask(const std::string& what, Send send);
  Result<std::optional<std::vector<TopicSetting>>> settings(const std::string& topic);

  std::unique_ptr<Client> client_;
};

Result<std::vector<TopicSummary>> Admin::list() {
  // Waits for the brokers, and says what is wrong with them.
  RETURN_IF_ERROR(client_->topics().status());
  const rd_kafka_metadata_t* found = nullptr;
  const rd_kafka_resp_err_t error =
      rd_kafka_metadata(client_->handle(), 1, nullptr, &found, kTimeoutMs);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return client_->failed("the topics", error, rd_kafka_err2str(error));
  }
  const Metadata metadata(found);
  std::vector<TopicSummary> topics;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
    if (std::string_view(topic.topic).starts_with("__")) continue;
    TopicSummary summary{topic.topic, static_cast<size_t>(topic.partition_cnt), 0};
    if (topic.partition_cnt > 0) {
      summary.replicas = static_cast<size_t>(topic.partitions[0].replica_cnt);
    }
    topics.push_back(std::move(summary));
  }
  std::sort(topics.begin(), topics.end(),
            [](const TopicSummary& a, const TopicSummary& b) { return a.name < b.name; });
  return topics;
}

Result<TopicDescription> Admin::describe(const std::string& name) {
  RETURN_IF_ERROR(client_->partitions(name).status());
  const std::string what = "the " + client_->service().topic + " '" + name + "'";
  rd_kafka_topic_t* handle = rd_kafka_topic_new(client_->handle(), name.c_str(), nullptr);
  const rd_kafka_metadata_t* found = nullptr;
  const rd_kafka_resp_err_t error =
      rd_kafka_metadata(client_->handle(), 0, handle, &found, kTimeoutMs);
  rd_kafka_topic_destroy(handle);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return client_->failed(what, error, rd_kafka_err2str(error));
  }
  const Metadata metadata(found);
  if (metadata->topic_cnt != 1) return unavailable(what + " is not known to the broker yet");
  TopicDescription description;
  description.name = name;
  Offsets earliest;
  Offsets latest;
  const rd_kafka_metadata_topic_t& topic = metadata->topics[0];
  for (int i = 0; i < topic.partition_cnt; ++i) {
    const rd_kafka_metadata_partition_t& from = topic.partitions[i];
    PartitionDescription partition;
    partition.number = from.id;
    partition.leader = from.leader;
    partition.replicas.assign(from.replicas, from.replicas + from.replica_cnt);
    partition.in_sync.assign(from.isrs, from.isrs + from.isr_cnt);
    earliest[{name, from.id}] = Start::kEarliest;
    latest[{name, from.id}] = Start::kLatest;
    description.partitions.push_back(std::move(partition));
  }
  std::sort(description.partitions.begin(), description.partitions.end(),
            [](const auto& a, const auto& b) { return a.number < b.number; });
  ASSIGN_OR_RETURN(earliest, client_->list_offsets(earliest));
  ASSIGN_OR_RETURN(latest, client_->list_offsets(latest));
  for (PartitionDescription& partition : description.partitions) {
    partition.earliest = earliest.at({name, partition.number});
    partition.latest = latest.at({name, partition.number});
  }
  ASSIGN_OR_RETURN(description.settings, settings(name));
  return description;
}

template <typename Send>
Result<Event> Admin::ask(const std::string& what, Send send) {
  const Queue answers(rd_kafka_queue_new(client_->handle()));
  send(answers.get());
  Event answer(rd_kafka_queue_poll(answers.get(), 2 * kTimeoutMs));
  if (answer == nullptr) return unavailable(what + ": the brokers do not answer");
  if (rd_kafka_event_error(answer.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const Status behind = client_->failure();
    if (!behind.ok()) return behind.with_context(client_->service().name + ": " + what);
    return client_->failed(what, rd_kafka_event_error(answer.get()),
                           rd_kafka_event_error_string(answer.get()));
  }
  return answer;
}

Result<std::optional<std::vector<TopicSetting>>> Admin::settings(const std::string& topic) {
  const Resource wanted(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  rd_kafka_ConfigResource_t* resource = wanted.get();
  const AdminOptions options(
      rd_kafka_AdminOptions_new(client_->handle(), RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS));
  std::array<char, 512> why{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kSettingsTimeoutMs, why.data(),
                                            why.size());
  const auto send = [&](rd_kafka_queue_t* answers) {
    rd_kafka_DescribeConfigs(client_->handle(), &resource, 1, options.get(), answers);
  };
  const std::string what = "the settings of '" + topic + "'";
  Result<Event> answered = ask(what, send);
  for (int i = 1; i < kSettingsAttempts && answered.status().retriable(); ++i) {
    RETURN_IF_ERROR(client_->topics().status());  // asks who the controller is
    answered = ask(what, send);
  }
  ASSIGN_OR_RETURN(const Event answer, std::move(answered));
  size_t count = 0;
  const rd_kafka_ConfigResource_t** resources = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(answer.get()), &count);
  // Who may read a topic may not always ask for its settings.
  if (count != 1 || rd_kafka_ConfigResource_error(resources[0]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return std::optional<std::vector<TopicSetting>>();
  }
  const rd_kafka_ConfigEntry_t** entries = rd_kafka_ConfigResource_configs(resources[0], &count);
  std::vector<TopicSetting> settings;
  for (size_t i = 0; i < count; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(entries[i]);
    settings.push_back(
        {rd_kafka_ConfigEntry_name(entries[i]), value == nullptr ? "" : value,
         rd_kafka_ConfigEntry_source(entries[i]) != RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG});
  }
  std::sort(settings.begin(), settings.end(),
            [](const TopicSetting& a, const TopicSetting& b) { return a.name < b.name; });
  return std::optional(std::move(settings));
}

Status Admin::create(const TopicWish& topic) {
  const Service& service = client_->service();
  const std::string what = "the new " + service.topic + " '" + topic.name + "'";
  if (const std::string refusal = refuse_topic_name(topic.name); !refusal.empty()) {
    return invalid_argument(refusal);
  }
  std::array<char, 512> why{};
  const TopicRequest wanted(rd_kafka_NewTopic_new(
      topic.name.c_str(), topic.partitions, topic.replication_factor, why.data(), why.size()));
  if (wanted == nullptr) return invalid_argument(what + ": " + why.data());
  for (const auto& [name, value] : topic.settings) {
    rd_kafka_NewTopic_set_config(wanted.get(), name.c_str(), value.c_str());
  }
  RETURN_IF_ERROR(client_->topics().status());  // says what is wrong with the brokers, if anything
  rd_kafka_NewTopic_t* request = wanted.get();
  ASSIGN_OR_RETURN(const Event answer, ask(what, [&](rd_kafka_queue_t* answers) {
                     rd_kafka_CreateTopics(client_->handle(), &request, 1, nullptr, answers);
                   }));
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer.get()), &count);
  if (count != 1) return internal_error(what + ": the brokers answered for another");
  const rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[0]);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    // The brokers know it a moment later.
    Status known = client_->partitions(topic.name).status();
    return known.code() == StatusCode::kNotFound ? ok_status() : known;
  }
  const char* text = rd_kafka_topic_result_error_string(results[0]);
  const std::string detail = text == nullptr ? rd_kafka_err2str(error) : text;
  if (error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
    return already_exists("there is already a topic '" + topic.name +
                          "'; `lakeward topics describe` shows it");
  }
  const Status status = client_->failed(what, error, detail);
  // Whatever else a broker says of a request to make a topic, asking again does not help.
  return status.retriable() ? invalid_argument(status.message()) : status;
}

}  // namespace

Result<std::unique_ptr<TopicAdmin>> TopicAdmin::connect(const Cluster& cluster) {
  config::StringMap properties = cluster.properties;
  // The end is where records are, those of open transactions among them.
  properties.emplace_back("isolation.level", "read_uncommitted");
  ASSIGN_OR_RETURN(std::unique_ptr<Client> client,
                   Client::make(properties, Client::Role::kConsumer, cluster.service));
  return std::unique_ptr<TopicAdmin>(std::make_unique<Admin>(std::move(client)));
}

}  // namespace lakeward::connectors::kafka
