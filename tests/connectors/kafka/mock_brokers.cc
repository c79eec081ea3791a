#include "connectors/kafka/mock_brokers.h"

#include <gtest/gtest.h>

#include <array>

namespace lakeward::test {
namespace {

void quiet(const rd_kafka_t*, int, const char*, const char*) {}

}  // namespace

MockBrokers::MockBrokers() {
  std::array<char, 512> why{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set_log_cb(conf, quiet);
  owner_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why.data(), why.size());
  EXPECT_NE(owner_, nullptr) << why.data();
  cluster_ = rd_kafka_mock_cluster_new(owner_, 1);
}

MockBrokers::~MockBrokers() {
  rd_kafka_mock_cluster_destroy(cluster_);
  rd_kafka_destroy(owner_);
}

std::string MockBrokers::address() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }

void MockBrokers::create_topic(const std::string& topic, int partitions) {
  EXPECT_EQ(rd_kafka_mock_topic_create(cluster_, topic.c_str(), partitions, 1),
            RD_KAFKA_RESP_ERR_NO_ERROR);
}

void MockBrokers::go_down() { rd_kafka_mock_broker_set_down(cluster_, 1); }

void MockBrokers::come_up() { rd_kafka_mock_broker_set_up(cluster_, 1); }

void MockBrokers::set_round_trip(int milliseconds) {
  rd_kafka_mock_broker_set_rtt(cluster_, 1, milliseconds);
}

void MockBrokers::fail_next(int16_t request, const std::vector<rd_kafka_resp_err_t>& errors) {
  rd_kafka_mock_push_request_errors_array(cluster_, request, errors.size(), errors.data());
}

}  // namespace lakeward::test
