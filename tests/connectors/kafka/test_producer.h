// A producer and an administrator for tests.
#pragma once

#include <rdkafka.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace lakeward::test {

struct Message {
  std::optional<std::string> value;
  std::optional<std::string> key = std::nullopt;
  int64_t timestamp_ms = 0;  // 0: now
  std::vector<std::pair<std::string, std::optional<std::string>>> headers = {};
};

// librdkafka's properties.
using Properties = std::vector<std::pair<std::string, std::string>>;

class TestProducer {
 public:
  explicit TestProducer(Properties properties);
  ~TestProducer();
  TestProducer(const TestProducer&) = delete;
  TestProducer& operator=(const TestProducer&) = delete;

  // Returns when the brokers have them all.
  void send(const std::string& topic, int32_t partition, const std::vector<Message>& messages);
  // With the property transactional.id. What is committed can be read when commit() returns; nobody
  // else may have a transaction open in the same topics then, or at the end of abort().
  void begin();
  void commit();
  void abort();

  void create_topic(const std::string& topic, int partitions);
  void delete_topic(const std::string& topic);
  // From when these return on, only this principal ("User:alice"), and super users, may use the
  // topic, or only read it.
  void allow_only(const std::string& topic, const std::string& principal, bool to_read = false);
  // The same of a consumer group.
  void allow_group_only(const std::string& group, const std::string& principal);
  // Everything before `offset`, as if it had expired.
  void delete_records(const std::string& topic, int32_t partition, int64_t offset);

 private:
  bool is_known(const std::string& topic);
  // Of the topics that were sent to since begin().
  void await_end_of_transaction();
  void allow_only(rd_kafka_ResourceType_t type, const std::string& name,
                  const std::string& principal, bool to_read);
  // Whether the broker has heard of rules like this.
  bool is_known(const rd_kafka_AclBinding_t* rule);

  const Properties properties_;
  std::set<std::string> written_;
  rd_kafka_t* handle_ = nullptr;
  int failures_ = 0;
};

}  // namespace lakeward::test
