#include "connectors/kafka/publisher.h"

#include "connectors/kafka/connection.h"
#include "connectors/kafka/producer.h"
#include "connectors/kafka/sink_options.h"

namespace lakeward::connectors::kafka {
namespace {

class ProducingPublisher final : public Publisher {
 public:
  explicit ProducingPublisher(std::unique_ptr<Producer> producer)
      : producer_(std::move(producer)) {}
  Status send(std::optional<std::string_view> key, std::string_view value) override {
    OutgoingRecord record;
    record.key = key;
    record.value = value;
    return producer_->send(record);
  }
  Status flush() override { return producer_->flush(); }

 private:
  std::unique_ptr<Producer> producer_;
};

}  // namespace

Result<std::unique_ptr<Publisher>> Publisher::open(const Cluster& cluster,
                                                   const std::string& topic) {
  const Service& service = cluster.writing_service;
  if (const std::string refusal = refuse_topic_name(topic); !refusal.empty()) {
    return invalid_argument(refusal);
  }
  ASSIGN_OR_RETURN(const auto client,
                   Client::make(cluster.properties, Client::Role::kConsumer, service));
  RETURN_IF_ERROR(client->partitions(topic).status());
  ProducerOptions wanted;
  wanted.properties = cluster.properties;
  for (const auto& [name, value] : cluster.writing) set_default(wanted.properties, name, value);
  set_writing_defaults(wanted.properties);
  wanted.topic = topic;
  wanted.service = service;
  ASSIGN_OR_RETURN(std::unique_ptr<Producer> producer, Producer::make(wanted));
  return std::unique_ptr<Publisher>(std::make_unique<ProducingPublisher>(std::move(producer)));
}

}  // namespace lakeward::connectors::kafka
