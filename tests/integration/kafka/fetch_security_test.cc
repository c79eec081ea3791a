// The fetcher on its own, over TLS and with logins: what librdkafka would find out first when a
// pipeline runs, it must find out too, as keys are changed and brokers fail while it runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "connectors/kafka/fetch/fetched_feed.h"
#include "connectors/kafka/fetch/fetcher.h"
#include "connectors/kafka/fetch/security.h"
#include "integration/kafka/broker_fixture.h"
#include "integration/kafka/tokens.h"
#include "support/process.h"
#include "support/relay.h"

namespace lakeward::test {
namespace {

namespace kafka = connectors::kafka;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kRecords = 4'000;

std::string value(int number) {
  return std::to_string(number) + " " + std::string(1'000, static_cast<char>('a' + number % 26));
}

kafka::BrokerAddress parse_address(const std::string& address) {
  const size_t colon = address.rfind(':');
  return {address.substr(0, colon), std::stoi(address.substr(colon + 1))};
}

std::string certificate(const std::string& name) {
  const std::string ca = from_environment("LAKEWARD_KAFKA_CA");
  return ca.substr(0, ca.rfind('/') + 1) + name;
}

config::StringMap plain_over_tls(config::StringMap more = {}) {
  more.insert(more.begin(), {{"security.protocol", "sasl_ssl"},
                             {"ssl.ca.location", certificate("ca.pem")},
                             {"sasl.mechanisms", "PLAIN"},
                             {"sasl.username", from_environment("LAKEWARD_KAFKA_USER")},
                             {"sasl.password", from_environment("LAKEWARD_KAFKA_PASSWORD")}});
  return more;
}

config::StringMap scram(const char* mechanism, const char* user, const char* password) {
  return {{"security.protocol", "sasl_plaintext"},
          {"sasl.mechanisms", mechanism},
          {"sasl.username", user},
          {"sasl.password", password}};
}

config::StringMap client_certificate(const std::string& name) {
  return {{"security.protocol", "ssl"},
          {"ssl.ca.location", certificate("ca.pem")},
          {"ssl.certificate.location", certificate(name + ".pem")},
          {"ssl.key.location", certificate(name + ".key")}};
}

// Reads partition 0 of a topic.
class FetcherRun {
 public:
  FetcherRun(const config::StringMap& properties, const kafka::BrokerAddress& broker,
             const std::string& topic, kafka::fetch::TokenSource token = {})
      : partition_{topic, 0} {
    kafka::fetch::FetcherOptions options;
    Result<kafka::fetch::Security> security =
        kafka::fetch::make_security(properties, std::move(token));
    EXPECT_TRUE(security.ok()) << security.status().message();
    options.security = std::move(*security);
    fetcher_ = std::make_unique<kafka::fetch::Fetcher>(
        kafka::Offsets{{partition_, 0}}, std::move(options),
        [leaders = kafka::fetch::Leaders{{partition_, broker}}] { return leaders; }, bell_,
        events_);
    feed_ = std::make_unique<kafka::fetch::FetchedFeed>(fetcher_->queue(partition_), "kafka", 0);
  }

  // What is before the offset, or the failure that waiting does not mend.
  Result<std::vector<std::string>> read(int64_t to) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    std::vector<std::string> values;
    while (!feed_->finish(to)) {
      const uint64_t rings = bell_.rings();
      ASSIGN_OR_RETURN(const kafka::Slice slice,
                       feed_->take(to, {}, std::make_shared<kafka::MessageBlock>()));
      for (size_t i = 0; i < slice.count; ++i) {
        values.emplace_back(slice.block->batch(slice.first + i, 1).records[0].payload);
      }
      if (slice.count > 0) continue;
      const Status failure = events_.failure();
      if (!failure.ok() && !failure.retriable()) return failure;
      if (std::chrono::steady_clock::now() > end)
        return unavailable("no records: " + failure.message());
      bell_.wait(rings);
    }
    return values;
  }
  Status failure() const { return events_.failure(); }
  bool knows_failure(const std::string& part) const {
    return events_.failure().message().find(part) != std::string::npos;
  }

 private:
  const kafka::TopicPartition partition_;
  kafka::Bell bell_;
  kafka::Events events_{kafka::Service()};
  std::unique_ptr<kafka::fetch::Fetcher> fetcher_;
  std::unique_ptr<kafka::fetch::FetchedFeed> feed_;
};

class FetchSecurity : public KafkaBroker {
 protected:
  void SetUp() override {
    std::replace(topic.begin(), topic.end(), '/', '-');
    TestProducer(properties()).create_topic(topic, 1);
    send(0, kRecords);
  }
  void send(int first, int count) {
    std::vector<Message> messages;
    for (int i = first; i < first + count; ++i) {
      messages.push_back({value(i)});
      expected.push_back(value(i));
    }
    TestProducer(properties()).send(topic, 0, messages);
  }
  Result<std::vector<std::string>> read(const config::StringMap& security, const char* listener) {
    return FetcherRun(security, parse_address(from_environment(listener)), topic).read(kRecords);
  }

  std::vector<std::string> expected;
};

struct Accepted {
  const char* name;
  const char* listener;
  config::StringMap (*properties)();
};
class FetchLogin : public FetchSecurity, public ::testing::WithParamInterface<Accepted> {};

TEST_P(FetchLogin, LetsTheFetcherReadEverything) {
  EXPECT_EQ(read(GetParam().properties(), GetParam().listener).value(), expected);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, FetchLogin,
    ::testing::Values(
        Accepted{"Plain", "LAKEWARD_KAFKA", [] { return config::StringMap(); }},
        Accepted{"PlainOverTls", "LAKEWARD_KAFKA_SASL_TLS", [] { return plain_over_tls(); }},
        Accepted{"ScramSha256", "LAKEWARD_KAFKA_SCRAM",
                 [] { return scram("SCRAM-SHA-256", "reader", "reader's password"); }},
        Accepted{"ScramSha512", "LAKEWARD_KAFKA_SCRAM",
                 [] { return scram("SCRAM-SHA-512", "reader", "reader's password"); }},
        Accepted{"UnverifiedIfTheUserSaysSo", "LAKEWARD_KAFKA_SASL_TLS",
                 [] {
                   return plain_over_tls({{"ssl.ca.location", certificate("other-ca.pem")},
                                          {"enable.ssl.certificate.verification", "false"}});
                 }},
        Accepted{"ClientCertificate", "LAKEWARD_KAFKA_MTLS",
                 [] { return client_certificate("client"); }}),
    [](const auto& info) { return info.param.name; });

struct Refused {
  const char* name;
  const char* listener;
  config::StringMap (*properties)();
  const char* reason;
  const char* next_step;
};
class FetchRefusal : public FetchSecurity, public ::testing::WithParamInterface<Refused> {};

TEST_P(FetchRefusal, IsExplained) {
  const Status status = read(GetParam().properties(), GetParam().listener).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status.message();
  EXPECT_THAT(status.message(), HasSubstr(GetParam().reason));
  EXPECT_THAT(status.message(), HasSubstr(GetParam().next_step));
  EXPECT_THAT(status.message(), Not(HasSubstr("s3cret")));
}

constexpr const char* kLogin = "check 'sasl', 'user' and 'password'";
constexpr const char* kOwnCertificate = "check 'tls_certificate' and 'tls_key'";

INSTANTIATE_TEST_SUITE_P(
    Kinds, FetchRefusal,
    ::testing::Values(
        Refused{"WrongPassword", "LAKEWARD_KAFKA_SASL_TLS",
                [] {
                  return plain_over_tls({{"sasl.password", "s3cret"}});
                },
                "SASL PLAIN authentication failed: ", kLogin},
        Refused{"WrongScramPassword", "LAKEWARD_KAFKA_SCRAM",
                [] { return scram("SCRAM-SHA-256", "reader", "s3cret"); },
                "SASL SCRAM-SHA-256 authentication failed: ", kLogin},
        Refused{"UnknownScramUser", "LAKEWARD_KAFKA_SCRAM",
                [] { return scram("SCRAM-SHA-512", "nobody", "s3cret"); },
                "SASL SCRAM-SHA-512 authentication failed: ", kLogin},
        Refused{"WrongMechanism", "LAKEWARD_KAFKA_SCRAM",
                [] {
                  return plain_over_tls({{"security.protocol", "sasl_plaintext"}});
                },
                "the broker does not offer the SASL mechanism PLAIN, but SCRAM-SHA-", kLogin},
        Refused{"WrongAuthority", "LAKEWARD_KAFKA_SASL_TLS",
                [] {
                  return plain_over_tls({{"ssl.ca.location", certificate("other-ca.pem")}});
                },
                "certificate verify failed (", "check 'tls_ca'"},
        Refused{"NoClientCertificate", "LAKEWARD_KAFKA_MTLS",
                [] {
                  return config::StringMap{{"security.protocol", "ssl"},
                                           {"ssl.ca.location", certificate("ca.pem")}};
                },
                "alert", kOwnCertificate},
        Refused{"UntrustedClientCertificate", "LAKEWARD_KAFKA_MTLS",
                [] { return client_certificate("other-ca"); }, "alert", kOwnCertificate}),
    [](const auto& info) { return info.param.name; });

// The certificate is for localhost and 127.0.0.1.
TEST_F(FetchSecurity, RefusesABrokerOfAnotherName) {
  const int port = parse_address(from_environment("LAKEWARD_KAFKA_SASL_TLS")).port;
  Relay relay("127.0.0.2", port);
  const Status status =
      FetcherRun(plain_over_tls(), {"127.0.0.2", relay.port()}, topic).read(1).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status.message();
  EXPECT_THAT(status.message(), HasSubstr("IP address mismatch"));
  EXPECT_THAT(status.message(), HasSubstr("that 'brokers' names the host of the certificate"));
  FetcherRun unverified(plain_over_tls({{"enable.ssl.certificate.verification", "false"}}),
                        {"127.0.0.2", relay.port()}, topic);
  EXPECT_EQ(unverified.read(kRecords).value(), expected);
}

// In the handshake, in the login, at the first record, and in the middle of records.
TEST_F(FetchSecurity, GoesOnWhereAConnectionWasCut) {
  const int port = parse_address(from_environment("LAKEWARD_KAFKA_SASL_TLS")).port;
  Relay relay("127.0.0.1", port, {10, 1'500, 3'500, 200'000, 1'500'000});
  FetcherRun run(plain_over_tls(), {"127.0.0.1", relay.port()}, topic);
  EXPECT_EQ(run.read(kRecords).value(), expected);
  EXPECT_GT(relay.connections(), 5U);
}

const config::StringMap kTokens = {{"security.protocol", "sasl_plaintext"},
                                   {"sasl.mechanisms", "OAUTHBEARER"},
                                   {"sasl.oauthbearer.extensions", "traceId=123,more=a b"}};

kafka::OauthToken token_for(int lifetime_s) {
  return {make_token("reader", lifetime_s), SystemClock().now() + std::chrono::seconds(lifetime_s)};
}

TEST_F(FetchSecurity, LogsInAnewBeforeATokenExpires) {
  Relay relay("127.0.0.1", parse_address(from_environment("LAKEWARD_KAFKA_OAUTH")).port);
  FetcherRun run(kTokens, {"127.0.0.1", relay.port()}, topic, [] { return token_for(4); });
  EXPECT_EQ(run.read(kRecords).value(), expected);
  EXPECT_TRUE(eventually([&] { return relay.connections() >= 3; }));
  send(kRecords, 10);
  EXPECT_EQ(run.read(kRecords + 10).value(),
            std::vector<std::string>(expected.end() - 10, expected.end()));
  EXPECT_TRUE(run.failure().ok()) << run.failure().message();
}

TEST_F(FetchSecurity, WaitsForAToken) {
  std::atomic<bool> there{false};
  FetcherRun run(kTokens, parse_address(from_environment("LAKEWARD_KAFKA_OAUTH")), topic,
                 [&]() -> Result<kafka::OauthToken> {
                   if (there) return token_for(60);
                   return unavailable("no token yet");
                 });
  EXPECT_TRUE(eventually([&] { return run.knows_failure("no token yet"); }));
  there = true;
  EXPECT_EQ(run.read(kRecords).value(), expected);
}

TEST_F(FetchSecurity, SaysThatATokenIsRefused) {
  for (const std::string& token : {std::string("s3cret"), make_token("reader", -10)}) {
    FetcherRun run(kTokens, parse_address(from_environment("LAKEWARD_KAFKA_OAUTH")), topic, [&] {
      return kafka::OauthToken{token, {}};
    });
    const Status status = run.read(1).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status.message();
    EXPECT_THAT(status.message(), HasSubstr("SASL OAUTHBEARER authentication failed: "));
    EXPECT_THAT(status.message(), Not(HasSubstr(token)));
  }
}

TEST_F(FetchSecurity, SaysThatAClientsKeyCannotBeRead) {
  auto properties = client_certificate("client");
  properties.emplace_back("ssl.key.location", certificate("names"));
  const Status status = kafka::fetch::make_security(properties, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("'tls_key': " + certificate("names")));
  properties.emplace_back("ssl.key.location", certificate("other-ca.key"));
  EXPECT_THAT(kafka::fetch::make_security(properties, {}).status().message(),
              HasSubstr("key values mismatch"));
}

}  // namespace
}  // namespace lakeward::test
