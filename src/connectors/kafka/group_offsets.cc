#include "connectors/kafka/group_offsets.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "connectors/kafka/handles.h"

namespace lakeward::connectors::kafka {
namespace {

constexpr int kTimeoutMs = 5'000;

using Options = std::unique_ptr<rd_kafka_AdminOptions_t, Deleter<rd_kafka_AdminOptions_destroy>>;
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

}  // namespace

Status check_group(Client& client, const std::string& group, const std::string& permission) {
  if (may_use(client, group) != false) return ok_status();
  return invalid_argument(client.service().name + ": this user may not use the group '" + group +
                          "'; " + permission);
}

void GroupOffsets::store(const Offsets& offsets, Client& asked) {
  if (refused_) return;
  if (client_ == nullptr) {
    Status status = check_group(asked, group_, service_.group_permission);
    if (status.ok()) {
      config::StringMap properties = properties_;
      properties.emplace_back("group.id", group_);
      auto client = Client::make(properties, Client::Role::kConsumer, service_);
      status = client.status();
      if (client.ok()) client_ = std::move(client).value();
    }
    if (!status.ok()) {
      refused_ = true;
      spdlog::warn(
          "{}; until the next start, what is read is not stored there (the pipeline does "
          "not need it)",
          status.message());
      return;
    }
  }
  (void)client_->commit(offsets);
}

}  // namespace lakeward::connectors::kafka
