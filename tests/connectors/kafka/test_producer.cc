#include "connectors/kafka/test_producer.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>

#include "connectors/kafka/test_consumer.h"

namespace lakeward::test {
namespace {

constexpr int kTimeoutMs = 120'000;

void quiet(const rd_kafka_t*, int, const char*, const char*) {}

void count_failure(rd_kafka_t*, const rd_kafka_message_t* message, void* failures) {
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) ++*static_cast<int*>(failures);
}

void expect_ok(rd_kafka_error_t* error) {
  if (error == nullptr) return;
  ADD_FAILURE() << rd_kafka_error_string(error);
  rd_kafka_error_destroy(error);
}

}  // namespace

TestProducer::TestProducer(Properties properties) : properties_(properties) {
  properties.emplace_back("linger.ms", "1");
  std::array<char, 512> why{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set_log_cb(conf, quiet);
  rd_kafka_conf_set_opaque(conf, &failures_);
  rd_kafka_conf_set_dr_msg_cb(conf, count_failure);
  bool transactional = false;
  for (const auto& [name, value] : properties) {
    transactional |= name == "transactional.id";
    EXPECT_EQ(rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why.data(), why.size()),
              RD_KAFKA_CONF_OK)
        << why.data();
  }
  handle_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why.data(), why.size());
  EXPECT_NE(handle_, nullptr) << why.data();
  if (transactional) expect_ok(rd_kafka_init_transactions(handle_, kTimeoutMs));
}

TestProducer::~TestProducer() { rd_kafka_destroy(handle_); }

void TestProducer::send(const std::string& topic, int32_t partition,
                        const std::vector<Message>& messages) {
  written_.insert(topic);
  for (const Message& message : messages) {
    rd_kafka_headers_t* headers = rd_kafka_headers_new(message.headers.size());
    for (const auto& [name, value] : message.headers) {
      rd_kafka_header_add(headers, name.c_str(), -1, value ? value->data() : nullptr,
                          value ? static_cast<ssize_t>(value->size()) : 0);
    }
    const std::string key = message.key.value_or("");
    const std::string value = message.value.value_or("");
    const rd_kafka_resp_err_t error = rd_kafka_producev(
        handle_, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_VALUE((message.value ? const_cast<char*>(value.data()) : nullptr), value.size()),
        RD_KAFKA_V_KEY((message.key ? key.data() : nullptr), key.size()),
        RD_KAFKA_V_TIMESTAMP(message.timestamp_ms), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    ASSERT_EQ(error, RD_KAFKA_RESP_ERR_NO_ERROR) << rd_kafka_err2str(error);
  }
  EXPECT_EQ(rd_kafka_flush(handle_, kTimeoutMs), RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_EQ(failures_, 0);
}

void TestProducer::begin() {
  written_.clear();
  expect_ok(rd_kafka_begin_transaction(handle_));
}

void TestProducer::commit() {
  expect_ok(rd_kafka_commit_transaction(handle_, kTimeoutMs));
  await_end_of_transaction();
}

void TestProducer::abort() {
  expect_ok(rd_kafka_abort_transaction(handle_, kTimeoutMs));
  await_end_of_transaction();
}

void TestProducer::await_end_of_transaction() {
  Properties own;
  for (const auto& property : properties_) {
    if (property.first == "bootstrap.servers") own.push_back(property);
  }
  for (const std::string& topic : written_) await_transactions(own, topic);
}

void TestProducer::create_topic(const std::string& topic, int partitions) {
  std::array<char, 512> why{};
  rd_kafka_NewTopic_t* wanted =
      rd_kafka_NewTopic_new(topic.c_str(), partitions, 1, why.data(), why.size());
  rd_kafka_queue_t* answers = rd_kafka_queue_new(handle_);
  rd_kafka_CreateTopics(handle_, &wanted, 1, nullptr, answers);
  rd_kafka_event_t* answer = rd_kafka_queue_poll(answers, kTimeoutMs);
  size_t count = 0;
  const rd_kafka_CreateTopics_result_t* result = rd_kafka_event_CreateTopics_result(answer);
  ASSERT_NE(result, nullptr);
  const rd_kafka_topic_result_t** topics = rd_kafka_CreateTopics_result_topics(result, &count);
  ASSERT_EQ(count, 1u);
  EXPECT_EQ(rd_kafka_topic_result_error(topics[0]), RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_event_destroy(answer);
  rd_kafka_queue_destroy(answers);
  rd_kafka_NewTopic_destroy(wanted);
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(kTimeoutMs);
  // A broker tells of a partition before it takes records for it. If it refuses a producer's first
  // ones and takes the next, the first ones are lost (KAFKA-15591).
  while (!is_known(topic) || !is_served(handle_, topic, partitions)) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "no broker knows the new topic " << topic;
  }
}

// A broker may not have heard yet of a topic that its controller has made.
bool TestProducer::is_known(const std::string& topic) {
  rd_kafka_topic_t* one = rd_kafka_topic_new(handle_, topic.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  bool known = false;
  if (rd_kafka_metadata(handle_, 0, one, &metadata, kTimeoutMs) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    known = metadata->topic_cnt == 1 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int i = 0; known && i < metadata->topics[0].partition_cnt; ++i) {
      known = metadata->topics[0].partitions[i].leader >= 0;
    }
    rd_kafka_metadata_destroy(metadata);
  }
  rd_kafka_topic_destroy(one);
  return known;
}

void TestProducer::delete_topic(const std::string& topic) {
  rd_kafka_DeleteTopic_t* wanted = rd_kafka_DeleteTopic_new(topic.c_str());
  rd_kafka_queue_t* answers = rd_kafka_queue_new(handle_);
  rd_kafka_DeleteTopics(handle_, &wanted, 1, nullptr, answers);
  rd_kafka_event_t* answer = rd_kafka_queue_poll(answers, kTimeoutMs);
  size_t count = 0;
  const rd_kafka_DeleteTopics_result_t* result = rd_kafka_event_DeleteTopics_result(answer);
  ASSERT_NE(result, nullptr);
  const rd_kafka_topic_result_t** topics = rd_kafka_DeleteTopics_result_topics(result, &count);
  ASSERT_EQ(count, 1u);
  EXPECT_EQ(rd_kafka_topic_result_error(topics[0]), RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_event_destroy(answer);
  rd_kafka_queue_destroy(answers);
  rd_kafka_DeleteTopic_destroy(wanted);
  // A broker may know the topic for a moment after its controller has removed it, and who makes it
  // anew then would take the old one for the new.
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(kTimeoutMs);
  while (is_known(topic)) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "a broker still knows the topic " << topic;
  }
}

void TestProducer::allow_only(const std::string& topic, const std::string& principal,
                              bool to_read) {
  allow_only(RD_KAFKA_RESOURCE_TOPIC, topic, principal, to_read);
}

void TestProducer::allow_group_only(const std::string& group, const std::string& principal) {
  allow_only(RD_KAFKA_RESOURCE_GROUP, group, principal, false);
}

void TestProducer::allow_only(rd_kafka_ResourceType_t type, const std::string& name,
                              const std::string& principal, bool to_read) {
  std::array<char, 512> why{};
  rd_kafka_AclBinding_t* rule = rd_kafka_AclBinding_new(
      type, name.c_str(), RD_KAFKA_RESOURCE_PATTERN_LITERAL, principal.c_str(), "*",
      to_read ? RD_KAFKA_ACL_OPERATION_READ : RD_KAFKA_ACL_OPERATION_ALL,
      RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, why.data(), why.size());
  ASSERT_NE(rule, nullptr) << why.data();
  rd_kafka_queue_t* answers = rd_kafka_queue_new(handle_);
  rd_kafka_CreateAcls(handle_, &rule, 1, nullptr, answers);
  rd_kafka_event_t* answer = rd_kafka_queue_poll(answers, kTimeoutMs);
  const rd_kafka_CreateAcls_result_t* result = rd_kafka_event_CreateAcls_result(answer);
  ASSERT_NE(result, nullptr);
  size_t count = 0;
  const rd_kafka_acl_result_t** rules = rd_kafka_CreateAcls_result_acls(result, &count);
  ASSERT_EQ(count, 1u);
  EXPECT_EQ(rd_kafka_acl_result_error(rules[0]), nullptr);
  rd_kafka_event_destroy(answer);
  rd_kafka_queue_destroy(answers);
  // A broker may let others in for a moment after its controller has the rule.
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(kTimeoutMs);
  while (!is_known(rule)) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "no broker knows the rule of " << name;
  }
  rd_kafka_AclBinding_destroy(rule);
}

bool TestProducer::is_known(const rd_kafka_AclBinding_t* rule) {
  std::array<char, 512> why{};
  rd_kafka_AclBindingFilter_t* filter = rd_kafka_AclBindingFilter_new(
      rd_kafka_AclBinding_restype(rule), rd_kafka_AclBinding_name(rule),
      rd_kafka_AclBinding_resource_pattern_type(rule), rd_kafka_AclBinding_principal(rule),
      rd_kafka_AclBinding_host(rule), rd_kafka_AclBinding_operation(rule),
      rd_kafka_AclBinding_permission_type(rule), why.data(), why.size());
  EXPECT_NE(filter, nullptr) << why.data();
  rd_kafka_queue_t* answers = rd_kafka_queue_new(handle_);
  rd_kafka_DescribeAcls(handle_, filter, nullptr, answers);
  rd_kafka_event_t* answer = rd_kafka_queue_poll(answers, kTimeoutMs);
  const rd_kafka_DescribeAcls_result_t* result = rd_kafka_event_DescribeAcls_result(answer);
  size_t count = 0;
  if (result != nullptr) rd_kafka_DescribeAcls_result_acls(result, &count);
  if (answer != nullptr) rd_kafka_event_destroy(answer);
  rd_kafka_queue_destroy(answers);
  rd_kafka_AclBinding_destroy(filter);
  return count > 0;
}

void TestProducer::delete_records(const std::string& topic, int32_t partition, int64_t offset) {
  rd_kafka_topic_partition_list_t* before = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(before, topic.c_str(), partition)->offset = offset;
  rd_kafka_DeleteRecords_t* wanted = rd_kafka_DeleteRecords_new(before);
  rd_kafka_queue_t* answers = rd_kafka_queue_new(handle_);
  rd_kafka_DeleteRecords(handle_, &wanted, 1, nullptr, answers);
  rd_kafka_event_t* answer = rd_kafka_queue_poll(answers, kTimeoutMs);
  ASSERT_NE(rd_kafka_event_DeleteRecords_result(answer), nullptr);
  EXPECT_EQ(rd_kafka_event_error(answer), RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_event_destroy(answer);
  rd_kafka_queue_destroy(answers);
  rd_kafka_DeleteRecords_destroy(wanted);
  rd_kafka_topic_partition_list_destroy(before);
}

}  // namespace lakeward::test
