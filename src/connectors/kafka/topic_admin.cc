#include "connectors/kafka/topic_admin.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "connectors/kafka/client.h"
#include "connectors/kafka/connection.h"
#include "connectors/kafka/handles.h"
#include "connectors/kafka/start.h"
#include "connectors/kafka/topic.h"
#include "connectors/kafka/topic_settings.h"

namespace lakeward::connectors::kafka {
namespace {

constexpr int kTimeoutMs = 15'000;

using Metadata = std::unique_ptr<const rd_kafka_metadata_t, Deleter<rd_kafka_metadata_destroy>>;

class Admin final : public TopicAdmin {
 public:
  explicit Admin(std::unique_ptr<Client> client) : client_(std::move(client)) {}

  Result<std::vector<TopicSummary>> list() override;
  Result<TopicDescription> describe(const std::string& topic) override;
  Status create(const TopicWish& topic) override;

 private:
  // Where the partitions begin and end, as far as that is known.
  Status add_offsets(TopicDescription& topic);

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
  TopicDescription description;
  description.name = name;
  ASSIGN_OR_RETURN(std::vector<PartitionState> states, client_->states(name));
  for (PartitionState& state : states) description.partitions.push_back({std::move(state), {}, {}});
  description.without_offsets = add_offsets(description);
  if (!description.without_offsets.ok() && !description.without_offsets.retriable()) {
    return description.without_offsets;
  }
  ASSIGN_OR_RETURN(description.settings, topic_settings(*client_, name));
  return description;
}

Status Admin::add_offsets(TopicDescription& topic) {
  Offsets earliest;
  Offsets latest;
  for (const PartitionDescription& partition : topic.partitions) {
    if (partition.leader < 0) continue;
    earliest[{topic.name, partition.number}] = Start::kEarliest;
    latest[{topic.name, partition.number}] = Start::kLatest;
  }
  const auto asked = [&](const PartitionDescription& partition, const Offsets& offsets) {
    const auto found = offsets.find({topic.name, partition.number});
    return found == offsets.end() ? std::nullopt : std::optional(found->second);
  };
  ASSIGN_OR_RETURN(earliest, client_->list_offsets(earliest));
  for (auto& partition : topic.partitions) partition.earliest = asked(partition, earliest);
  ASSIGN_OR_RETURN(latest, client_->list_offsets(latest));
  for (auto& partition : topic.partitions) partition.latest = asked(partition, latest);
  return ok_status();
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
  ASSIGN_OR_RETURN(const Event answer, ask_brokers(*client_, what, [&](rd_kafka_queue_t* answers) {
                     rd_kafka_CreateTopics(client_->handle(), &request, 1, nullptr, answers);
                   }));
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer.get()), &count);
  if (count != 1) return internal_error(what + ": the brokers answered for another");
  const rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[0]);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return await_topic(*client_, topic.name);
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
