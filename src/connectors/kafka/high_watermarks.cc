#include "connectors/kafka/high_watermarks.h"

#include <memory>
#include <string>

#include "connectors/kafka/handles.h"

namespace lakeward::connectors::kafka {
namespace {

constexpr int kTimeoutMs = 5'000;
constexpr const char* kWhat = "where partitions end";

}  // namespace

Result<Offsets> high_watermarks(Client& client, const std::vector<TopicPartition>& partitions) {
  Offsets wanted;
  for (const TopicPartition& partition : partitions) {
    wanted[partition] = RD_KAFKA_OFFSET_SPEC_LATEST;
  }
  const PartitionList list = make_partition_list(wanted);
  const AdminOptions options(
      rd_kafka_AdminOptions_new(client.handle(), RD_KAFKA_ADMIN_OP_LISTOFFSETS));
  char why[256];
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kTimeoutMs, why, sizeof(why));
  const Error refused(rd_kafka_AdminOptions_set_isolation_level(
      options.get(), RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED));
  const Queue answers(rd_kafka_queue_new(client.handle()));
  rd_kafka_ListOffsets(client.handle(), list.get(), options.get(), answers.get());
  const Event answer(rd_kafka_queue_poll(answers.get(), 2 * kTimeoutMs));
  if (answer == nullptr) {
    return unavailable(client.service().name + ": " + kWhat + ": the brokers do not answer");
  }
  if (const rd_kafka_resp_err_t error = rd_kafka_event_error(answer.get());
      error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return client.failed(kWhat, error, rd_kafka_event_error_string(answer.get()));
  }
  size_t count = 0;
  const rd_kafka_ListOffsetsResultInfo_t** infos =
      rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(answer.get()), &count);
  Offsets ends;
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_topic_partition_t* one =
        rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
    if (one->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return client.failed(kWhat, one->err, rd_kafka_err2str(one->err));
    }
    ends[{one->topic, one->partition}] = one->offset;
  }
  if (ends.size() != wanted.size()) {
    return internal_error(client.service().name + ": a broker did not say where a partition ends");
  }
  return ends;
}

}  // namespace lakeward::connectors::kafka
