#include "connectors/kafka/errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace lakeward::connectors::kafka {
namespace {

using ::testing::HasSubstr;

struct Report {
  rd_kafka_resp_err_t error;
  const char* text;  // librdkafka's
  StatusCode code;
  const char* next_step;
};

// What may be a broker that goes away, or a connection that is cut, does not end a run.
TEST(KafkaErrors, EndARunOnlyIfSomebodyMustMendSomething) {
  const std::vector<Report> reports = {
      {RD_KAFKA_RESP_ERR__AUTHENTICATION,
       "SASL PLAIN mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's "
       "supported mechanisms: SCRAM-SHA-256",
       StatusCode::kInvalidArgument, "check 'sasl'"},
      {RD_KAFKA_RESP_ERR__AUTHENTICATION,
       "SASL PLAIN mechanism handshake failed: Local: Broker transport failure: broker's supported "
       "mechanisms: (n/a)",
       StatusCode::kUnavailable, "check 'brokers'"},
      {RD_KAFKA_RESP_ERR__AUTHENTICATION,
       "SASL authentication error: Authentication failed: Invalid username or password",
       StatusCode::kInvalidArgument, "check 'sasl', 'user' and 'password'"},
      {RD_KAFKA_RESP_ERR__TRANSPORT,
       "SASL authentication error: SaslAuthenticateRequest failed: Local: Broker transport failure",
       StatusCode::kUnavailable, "check 'brokers'"},
      {RD_KAFKA_RESP_ERR__SSL,
       "SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker "
       "certificate could not be verified, verify that ssl.ca.location is correctly configured",
       StatusCode::kInvalidArgument, "check 'tls_ca'"},
      {RD_KAFKA_RESP_ERR__SSL,
       "SSL handshake failed: error:0A00010B:SSL routines::wrong version number",
       StatusCode::kInvalidArgument, "check 'tls'"},
      {RD_KAFKA_RESP_ERR__TRANSPORT,
       "SSL handshake failed: Disconnected: connection reset by peer: connecting to a PLAINTEXT "
       "broker listener? (after 0ms in state SSL_HANDSHAKE)",
       StatusCode::kUnavailable, "if that goes on, check 'tls'"},
      {RD_KAFKA_RESP_ERR__TRANSPORT,
       "Disconnected: SSL connection closed by peer (after 0ms in state SSL_HANDSHAKE)",
       StatusCode::kUnavailable, "if that goes on, check 'tls'"},
      {RD_KAFKA_RESP_ERR__TRANSPORT, "Connect to ipv4#127.0.0.1:9092 failed: Connection refused",
       StatusCode::kUnavailable, "check 'brokers'"},
  };
  for (const Report& report : reports) {
    const Status status = kafka_status(report.error, report.text);
    EXPECT_EQ(status.code(), report.code) << report.text;
    EXPECT_THAT(status.message(), HasSubstr(report.next_step));
  }
}

}  // namespace
}  // namespace lakeward::connectors::kafka
