#include "connectors/kafka/publisher.h"

#include "connectors/declared_options.h"
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

Result<std::unique_ptr<Publisher>> Publisher::open(const config::Value& options,
                                                   const std::filesystem::path& root) {
  ASSIGN_OR_RETURN(const KafkaSinkOptions parsed, parse_options(kafka_sink_options(), options));
  config::Problems problems;
  check_sink_options(parsed, options, problems);
  if (!problems.empty()) return invalid_argument(problems.front().to_string());
  ASSIGN_OR_RETURN(const auto client, Client::make(connection_properties(parsed, root)));
  RETURN_IF_ERROR(client->partitions(parsed.topic).status());
  ProducerOptions wanted;
  wanted.properties = writing_properties(parsed, root);
  wanted.topic = parsed.topic;
  ASSIGN_OR_RETURN(std::unique_ptr<Producer> producer, Producer::make(wanted));
  return std::unique_ptr<Publisher>(std::make_unique<ProducingPublisher>(std::move(producer)));
}

}  // namespace lakeward::connectors::kafka
