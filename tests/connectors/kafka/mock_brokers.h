// librdkafka's mock cluster: brokers in this process, to which faults can be given.
#pragma once

#include <rdkafka.h>
#include <rdkafka_mock.h>

#include <string>
#include <vector>

#include "connectors/kafka/test_producer.h"

namespace lakeward::test {

class MockBrokers {
 public:
  MockBrokers();
  ~MockBrokers();
  MockBrokers(const MockBrokers&) = delete;
  MockBrokers& operator=(const MockBrokers&) = delete;

  // "127.0.0.1:12345"
  std::string address() const;
  void create_topic(const std::string& topic, int partitions);
  // Returns when the broker has them all.
  void send(const std::string& topic, int32_t partition, const std::vector<Message>& messages) {
    TestProducer({{"bootstrap.servers", address()}}).send(topic, partition, messages);
  }

  void go_down();
  void come_up();
  // Between a request and its answer.
  void set_round_trip(int milliseconds);
  // The next requests of this kind (Fetch: 1, ListOffsets: 2, Metadata: 3) are answered with these
  // errors.
  void fail_next(int16_t request, const std::vector<rd_kafka_resp_err_t>& errors);

 private:
  rd_kafka_t* owner_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

}  // namespace lakeward::test
