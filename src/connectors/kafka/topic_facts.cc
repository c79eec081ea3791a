#include "connectors/kafka/topic_facts.h"

#include <memory>

#include "connectors/kafka/handles.h"

namespace lakeward::connectors::kafka {
namespace {

constexpr int kTimeoutMs = 3'000;

using Topics =
    std::unique_ptr<rd_kafka_TopicCollection_t, Deleter<rd_kafka_TopicCollection_destroy>>;

std::optional<bool> may_write(const rd_kafka_TopicDescription_t* topic) {
  size_t count = 0;
  const rd_kafka_AclOperation_t* operations =
      rd_kafka_TopicDescription_authorized_operations(topic, &count);
  if (operations == nullptr || count == 0) return std::nullopt;
  for (size_t i = 0; i < count; ++i) {
    if (operations[i] == RD_KAFKA_ACL_OPERATION_WRITE) return true;
  }
  return false;
}

std::string id_of(const rd_kafka_TopicDescription_t* topic) {
  const rd_kafka_Uuid_t* id = rd_kafka_TopicDescription_topic_id(topic);
  if (id == nullptr || (rd_kafka_Uuid_most_significant_bits(id) == 0 &&
                        rd_kafka_Uuid_least_significant_bits(id) == 0)) {
    return "";
  }
  return rd_kafka_Uuid_base64str(id);
}

// librdkafka asks the controller, and would wait for one that is none of the brokers.
bool has_controller(Client& client) {
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(client.handle(), 0, nullptr, &metadata, kTimeoutMs) !=
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    return false;
  }
  const int32_t controller = rd_kafka_controllerid(client.handle(), 0);
  bool found = false;
  for (int i = 0; i < metadata->broker_cnt; ++i) found |= metadata->brokers[i].id == controller;
  rd_kafka_metadata_destroy(metadata);
  return found;
}

}  // namespace

Result<std::vector<TopicFacts>> describe_topics(Client& client,
                                                const std::vector<std::string>& topics,
                                                bool ask_permissions) {
  if (!has_controller(client)) return unsupported("the brokers name no controller");
  const AdminOptions options(
      rd_kafka_AdminOptions_new(client.handle(), RD_KAFKA_ADMIN_OP_DESCRIBETOPICS));
  char why[256];
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kTimeoutMs, why, sizeof(why));
  const Error ignored(
      ask_permissions ? rd_kafka_AdminOptions_set_include_authorized_operations(options.get(), 1)
                      : nullptr);
  std::vector<const char*> names;
  for (const std::string& topic : topics) names.push_back(topic.c_str());
  const Topics asked(rd_kafka_TopicCollection_of_topic_names(names.data(), names.size()));
  const Queue answers(rd_kafka_queue_new(client.handle()));
  rd_kafka_DescribeTopics(client.handle(), asked.get(), options.get(), answers.get());
  const Event answer(rd_kafka_queue_poll(answers.get(), 2 * kTimeoutMs));
  if (answer == nullptr) return unavailable("the brokers do not describe topics: no answer");
  const rd_kafka_resp_err_t error = rd_kafka_event_error(answer.get());
  if (error == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE) {
    return unsupported("the brokers do not describe topics");
  }
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return unavailable("the brokers do not describe topics: " +
                       std::string(rd_kafka_event_error_string(answer.get())));
  }
  size_t count = 0;
  const rd_kafka_TopicDescription_t** found = rd_kafka_DescribeTopics_result_topics(
      rd_kafka_event_DescribeTopics_result(answer.get()), &count);
  std::vector<TopicFacts> described;
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_error_t* failed = rd_kafka_TopicDescription_error(found[i]);
    if (failed != nullptr && rd_kafka_error_code(failed) != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    described.push_back(
        {rd_kafka_TopicDescription_name(found[i]), id_of(found[i]), may_write(found[i])});
  }
  return described;
}

}  // namespace lakeward::connectors::kafka
