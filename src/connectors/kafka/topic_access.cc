// may_write() of topic.h.
#include <memory>

#include "connectors/kafka/handles.h"
#include "connectors/kafka/topic.h"

namespace lakeward::connectors::kafka {
namespace {

constexpr int kTimeoutMs = 10'000;

using Options = std::unique_ptr<rd_kafka_AdminOptions_t, Deleter<rd_kafka_AdminOptions_destroy>>;
using Topics =
    std::unique_ptr<rd_kafka_TopicCollection_t, Deleter<rd_kafka_TopicCollection_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Deleter<rd_kafka_queue_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, Deleter<rd_kafka_event_destroy>>;
using Error = std::unique_ptr<rd_kafka_error_t, Deleter<rd_kafka_error_destroy>>;

}  // namespace

std::optional<bool> may_write(Client& client, const std::string& topic) {
  const Options options(
      rd_kafka_AdminOptions_new(client.handle(), RD_KAFKA_ADMIN_OP_DESCRIBETOPICS));
  char why[256];
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kTimeoutMs, why, sizeof(why));
  const Error ignored(rd_kafka_AdminOptions_set_include_authorized_operations(options.get(), 1));
  const char* name = topic.c_str();
  const Topics topics(rd_kafka_TopicCollection_of_topic_names(&name, 1));
  const Queue answers(rd_kafka_queue_new(client.handle()));
  rd_kafka_DescribeTopics(client.handle(), topics.get(), options.get(), answers.get());
  const Event answer(rd_kafka_queue_poll(answers.get(), 2 * kTimeoutMs));
  if (answer == nullptr || rd_kafka_event_error(answer.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return std::nullopt;
  }
  size_t count = 0;
  const rd_kafka_TopicDescription_t** found = rd_kafka_DescribeTopics_result_topics(
      rd_kafka_event_DescribeTopics_result(answer.get()), &count);
  if (count != 1) return std::nullopt;
  const rd_kafka_AclOperation_t* operations =
      rd_kafka_TopicDescription_authorized_operations(found[0], &count);
  if (operations == nullptr || count == 0) return std::nullopt;
  for (size_t i = 0; i < count; ++i) {
    if (operations[i] == RD_KAFKA_ACL_OPERATION_WRITE) return true;
  }
  return false;
}

}  // namespace lakeward::connectors::kafka
