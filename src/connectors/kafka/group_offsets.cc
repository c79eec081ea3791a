#include "connectors/kafka/group_offsets.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "connectors/kafka/handles.h"

namespace lakeward::connectors::kafka {
namespace {

constexpr int kTimeoutMs = 5'000;
constexpr int kLastMs = 2'000;

using Options = std::unique_ptr<rd_kafka_AdminOptions_t, Deleter<rd_kafka_AdminOptions_destroy>>;
using Request = std::unique_ptr<rd_kafka_AlterConsumerGroupOffsets_t,
                                Deleter<rd_kafka_AlterConsumerGroupOffsets_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Deleter<rd_kafka_queue_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, Deleter<rd_kafka_event_destroy>>;
using Error = std::unique_ptr<rd_kafka_error_t, Deleter<rd_kafka_error_destroy>>;

// Whether this user may read the group, which is what storing offsets needs; nullopt if the brokers
// do not say so.
std::optional<bool> may_use(Client& client, const std::string& group) {
  const Options options(
      rd_kafka_AdminOptions_new(client.handle(), RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS));
  char why[256];
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kTimeoutMs, why, sizeof(why));
  const Error ignored(rd_kafka_AdminOptions_set_include_authorized_operations(options.get(), 1));
  const char* name = group.c_str();
  const Queue answers(rd_kafka_queue_new(client.handle()));
  rd_kafka_DescribeConsumerGroups(client.handle(), &name, 1, options.get(), answers.get());
  const Event answer(rd_kafka_queue_poll(answers.get(), 2 * kTimeoutMs));
  if (answer == nullptr || rd_kafka_event_error(answer.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return std::nullopt;
  }
  size_t count = 0;
  const rd_kafka_ConsumerGroupDescription_t** found = rd_kafka_DescribeConsumerGroups_result_groups(
      rd_kafka_event_DescribeConsumerGroups_result(answer.get()), &count);
  if (count != 1) return std::nullopt;
  const rd_kafka_error_t* error = rd_kafka_ConsumerGroupDescription_error(found[0]);
  if (rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) return false;
  if (rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
  const rd_kafka_AclOperation_t* operations =
      rd_kafka_ConsumerGroupDescription_authorized_operations(found[0], &count);
  if (operations == nullptr || count == 0) return std::nullopt;
  return std::find(operations, operations + count, RD_KAFKA_ACL_OPERATION_READ) !=
         operations + count;
}

// The first that went wrong, of the request or of one of its partitions.
rd_kafka_resp_err_t error_of(rd_kafka_event_t* answer) {
  const rd_kafka_resp_err_t error = rd_kafka_event_error(answer);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return error;
  size_t count = 0;
  const rd_kafka_group_result_t** groups = rd_kafka_AlterConsumerGroupOffsets_result_groups(
      rd_kafka_event_AlterConsumerGroupOffsets_result(answer), &count);
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_error_t* failed = rd_kafka_group_result_error(groups[i]);
    if (failed != nullptr) return rd_kafka_error_code(failed);
    const rd_kafka_topic_partition_list_t* list = rd_kafka_group_result_partitions(groups[i]);
    for (int j = 0; list != nullptr && j < list->cnt; ++j) {
      if (list->elems[j].err != RD_KAFKA_RESP_ERR_NO_ERROR) return list->elems[j].err;
    }
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace

Status check_group(Client& client, const std::string& group, const std::string& permission) {
  if (may_use(client, group) != false) return ok_status();
  return invalid_argument(client.service().name + ": this user may not use the group '" + group +
                          "'; " + permission);
}

GroupOffsets::~GroupOffsets() {
  if (answers_ == nullptr) return;
  // Once for what is under way, and once for what is sent behind it.
  for (int i = 0; i < 2 && under_way_; ++i) take_answer(kLastMs);
  rd_kafka_queue_destroy(answers_);
}

void GroupOffsets::store(const Offsets& offsets, Client& client) {
  if (refused_) return;
  if (answers_ == nullptr) {
    client_ = &client;
    answers_ = rd_kafka_queue_new(client.handle());
  }
  next_ = offsets;
  if (under_way_) {
    take_answer(0);
  } else {
    send(*std::exchange(next_, std::nullopt));
  }
}

void GroupOffsets::send(const Offsets& offsets) {
  const PartitionList list = make_partition_list(offsets);
  const Request request(rd_kafka_AlterConsumerGroupOffsets_new(group_.c_str(), list.get()));
  const Options options(
      rd_kafka_AdminOptions_new(client_->handle(), RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS));
  char why[256];
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kTimeoutMs, why, sizeof(why));
  rd_kafka_AlterConsumerGroupOffsets_t* one = request.get();
  rd_kafka_AlterConsumerGroupOffsets(client_->handle(), &one, 1, options.get(), answers_);
  under_way_ = true;
}

void GroupOffsets::take_answer(int timeout_ms) {
  const Event answer(rd_kafka_queue_poll(answers_, timeout_ms));
  if (answer == nullptr) return;
  under_way_ = false;
  const rd_kafka_resp_err_t error = error_of(answer.get());
  const Status status = error == RD_KAFKA_RESP_ERR_NO_ERROR
                            ? ok_status()
                            : client_->failed("the offsets of the group '" + group_ + "'", error,
                                              rd_kafka_err2str(error));
  if (!status.ok() && !status.retriable()) {
    refused_ = true;
    spdlog::warn(
        "{}; the pipeline does not need them: until its next start, they are not stored there",
        status.message());
    return;
  }
  if (next_) send(*std::exchange(next_, std::nullopt));
}

}  // namespace lakeward::connectors::kafka
