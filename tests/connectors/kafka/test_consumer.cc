#include "connectors/kafka/test_consumer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace lakeward::test {
namespace {

constexpr int kTimeoutMs = 120'000;

void quiet(const rd_kafka_t*, int, const char*, const char*) {}

rd_kafka_t* make_consumer(const Properties& more) {
  Properties properties = {{"group.id", "test"},
                           {"enable.auto.commit", "false"},
                           {"enable.partition.eof", "true"},
                           {"auto.offset.reset", "error"}};
  properties.insert(properties.end(), more.begin(), more.end());
  std::array<char, 512> why{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set_log_cb(conf, quiet);
  for (const auto& [name, value] : properties) {
    EXPECT_EQ(rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why.data(), why.size()),
              RD_KAFKA_CONF_OK)
        << why.data();
  }
  rd_kafka_t* consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why.data(), why.size());
  EXPECT_NE(consumer, nullptr) << why.data();
  rd_kafka_poll_set_consumer(consumer);
  return consumer;
}

int count_partitions(rd_kafka_t* consumer, const std::string& topic) {
  rd_kafka_topic_t* handle = rd_kafka_topic_new(consumer, topic.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  EXPECT_EQ(rd_kafka_metadata(consumer, 0, handle, &metadata, kTimeoutMs),
            RD_KAFKA_RESP_ERR_NO_ERROR);
  const int count = metadata == nullptr ? 0 : metadata->topics[0].partition_cnt;
  rd_kafka_metadata_destroy(metadata);
  rd_kafka_topic_destroy(handle);
  return count;
}

// Where each partition ends for who reads with this isolation level; -1: not known now.
std::vector<int64_t> ends(rd_kafka_t* client, const std::string& topic, int partitions,
                          rd_kafka_IsolationLevel_t level) {
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(partitions);
  for (int i = 0; i < partitions; ++i) {
    rd_kafka_topic_partition_list_add(list, topic.c_str(), i)->offset = RD_KAFKA_OFFSET_SPEC_LATEST;
  }
  rd_kafka_AdminOptions_t* options =
      rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_LISTOFFSETS);
  EXPECT_EQ(rd_kafka_AdminOptions_set_isolation_level(options, level), nullptr);
  rd_kafka_queue_t* answers = rd_kafka_queue_new(client);
  rd_kafka_ListOffsets(client, list, options, answers);
  rd_kafka_event_t* answer = rd_kafka_queue_poll(answers, kTimeoutMs);
  std::vector<int64_t> offsets(static_cast<size_t>(partitions), -1);
  size_t count = 0;
  const rd_kafka_ListOffsets_result_t* result = rd_kafka_event_ListOffsets_result(answer);
  const rd_kafka_ListOffsetsResultInfo_t** infos =
      result == nullptr ? nullptr : rd_kafka_ListOffsets_result_infos(result, &count);
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_topic_partition_t* one =
        rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
    if (one->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    offsets[static_cast<size_t>(one->partition)] = one->offset;
  }
  if (answer != nullptr) rd_kafka_event_destroy(answer);
  rd_kafka_queue_destroy(answers);
  rd_kafka_AdminOptions_destroy(options);
  rd_kafka_topic_partition_list_destroy(list);
  return offsets;
}

std::optional<std::string> bytes(const void* data, size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data), size);
}

ReadMessage copy_message(const rd_kafka_message_t& message) {
  ReadMessage copy;
  copy.partition = message.partition;
  copy.offset = message.offset;
  copy.key = bytes(message.key, message.key_len);
  copy.value = bytes(message.payload, message.len);
  copy.timestamp_ms = rd_kafka_message_timestamp(&message, nullptr);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return copy;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    copy.headers.emplace_back(name, bytes(value, size));
  }
  return copy;
}

}  // namespace

std::vector<ReadMessage> read_topic(const Properties& properties, const std::string& topic) {
  rd_kafka_t* consumer = make_consumer(properties);
  const int partitions = count_partitions(consumer, topic);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(partitions);
  for (int i = 0; i < partitions; ++i) {
    rd_kafka_topic_partition_list_add(list, topic.c_str(), i)->offset = RD_KAFKA_OFFSET_BEGINNING;
  }
  rd_kafka_assign(consumer, list);
  std::vector<ReadMessage> messages;
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(kTimeoutMs);
  int ended = 0;
  while (ended < partitions && std::chrono::steady_clock::now() < end) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer, 100);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) ++ended;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) messages.push_back(copy_message(*message));
    rd_kafka_message_destroy(message);
  }
  EXPECT_EQ(ended, partitions) << "the end of '" << topic << "' was not reached";
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_destroy(consumer);
  std::stable_sort(messages.begin(), messages.end(),
                   [](const auto& a, const auto& b) { return a.partition < b.partition; });
  return messages;
}

std::vector<std::string> read_values(const Properties& properties, const std::string& topic) {
  std::vector<std::string> values;
  for (const ReadMessage& message : read_topic(properties, topic)) {
    values.push_back(message.value.value_or("<null>"));
  }
  return values;
}

bool is_served(rd_kafka_t* client, const std::string& topic, int partitions) {
  const auto known = ends(client, topic, partitions, RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED);
  return std::all_of(known.begin(), known.end(), [](int64_t end) { return end >= 0; });
}

void await_transactions(const Properties& properties, const std::string& topic) {
  rd_kafka_t* consumer = make_consumer(properties);
  const int partitions = count_partitions(consumer, topic);
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(kTimeoutMs);
  const auto are_over = [&] {
    const auto written =
        ends(consumer, topic, partitions, RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED);
    const auto readable =
        ends(consumer, topic, partitions, RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED);
    return std::equal(
        written.begin(), written.end(), readable.begin(),
        [](int64_t of_all, int64_t of_ended) { return of_all >= 0 && of_ended >= of_all; });
  };
  bool over = are_over();
  while (!over && std::chrono::steady_clock::now() < end) over = are_over();
  EXPECT_TRUE(over) << "a transaction is still open in '" << topic << "'";
  rd_kafka_destroy(consumer);
}

std::vector<int64_t> committed_offsets(Properties properties, const std::string& group,
                                       const std::string& topic) {
  properties.emplace_back("group.id", group);
  rd_kafka_t* consumer = make_consumer(properties);
  const int partitions = count_partitions(consumer, topic);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(partitions);
  for (int i = 0; i < partitions; ++i) {
    rd_kafka_topic_partition_list_add(list, topic.c_str(), i);
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(kTimeoutMs);
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__TIMED_OUT;
  while (error != RD_KAFKA_RESP_ERR_NO_ERROR && std::chrono::steady_clock::now() < end) {
    error = rd_kafka_committed(consumer, list, kTimeoutMs);
  }
  EXPECT_EQ(error, RD_KAFKA_RESP_ERR_NO_ERROR) << rd_kafka_err2str(error);
  std::vector<int64_t> offsets;
  for (int i = 0; i < list->cnt; ++i)
    offsets.push_back(std::max<int64_t>(-1, list->elems[i].offset));
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_destroy(consumer);
  return offsets;
}

}  // namespace lakeward::test
