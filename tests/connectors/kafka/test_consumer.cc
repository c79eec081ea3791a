#include "connectors/kafka/test_consumer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace lakeward::test {
namespace {

constexpr int kTimeoutMs = 30'000;

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
