// How a broker lets clients in, and what a user is told when it does not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "connectors/http/http_server.h"
#include "connectors/kafka/test_consumer.h"
#include "format/base64.h"
#include "integration/kafka/broker_fixture.h"
#include "integration/kafka/tokens.h"
#include "support/process.h"
#include "support/relay.h"

namespace lakeward::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

config::Value certificate(const std::string& name) {
  const std::string ca = from_environment("LAKEWARD_KAFKA_CA");
  return scalar(ca.substr(0, ca.rfind('/') + 1) + name);
}

config::Value environment(const char* name) { return scalar(from_environment(name)); }

std::string token_answer(const std::string& token, int expires_in = 3600) {
  return "{\"access_token\":\"" + token +
         "\",\"token_type\":\"Bearer\",\"expires_in\":" + std::to_string(expires_in) + "}";
}

class KafkaSecurity : public KafkaBroker {
 protected:
  void SetUp() override {
    // The tests of a table have a name with a slash.
    std::replace(topic.begin(), topic.end(), '/', '-');
    TestProducer producer(properties());
    producer.create_topic(topic, 1);
    producer.send(topic, 0, {{"a record"}});
  }
  SourceRun connect(OptionList more, const char* listener) {
    return connect_to(std::move(more), from_environment(listener));
  }
  SourceRun connect_to(OptionList more, const std::string& brokers) {
    more.emplace_back("brokers", scalar(brokers));
    more.emplace_back("topic", scalar(topic));
    config::Problems problems;
    world.registry.source("kafka")->check(options(more), problems);
    EXPECT_TRUE(problems.empty()) << problems.front().message;
    SourceRun run(world, "kafka", options(more));
    EXPECT_TRUE(run.attach().ok());
    return run;
  }
  Status refusal(OptionList more, const char* listener) {
    return connect(std::move(more), listener).plan(std::nullopt).status();
  }
  // Of the group of the topic's name: a source that ends does not wait for long for one that the
  // brokers are only making, as they do for the first group of all.
  void await_coordinator() {
    EXPECT_THAT(committed_offsets(properties(), topic, topic), ElementsAre(-1));
  }
  OptionList oauth() const {
    return {{"sasl", scalar("oauthbearer")},
            {"token_url", scalar(issuer.url("/token"))},
            {"client_id", scalar("lake ward")},
            {"client_secret", scalar("s3cret:&")},
            {"scope", scalar("kafka read")}};
  }

  HttpServer issuer;
};

struct Login {
  const char* name;
  const char* listener;
  OptionList (*options)();
};
class KafkaLogin : public KafkaSecurity, public ::testing::WithParamInterface<Login> {};

TEST_P(KafkaLogin, IsAccepted) {
  SourceRun run = connect(GetParam().options(), GetParam().listener);
  EXPECT_THAT(drain_all(run), ElementsAre("a record"));
}

// After each answer of the handshake and the login, and within the longer ones.
TEST_P(KafkaLogin, IsTriedAgainWhereItWasCut) {
  std::vector<uint64_t> cuts;
  for (uint64_t cut = 0; cut < 4'000; cut += cut < 1'200 ? 30 : 200) cuts.push_back(cut);
  const std::string listener = from_environment(GetParam().listener);
  const int port = std::stoi(listener.substr(listener.rfind(':') + 1));
  Relay relay("127.0.0.1", port, cuts);
  OptionList more = GetParam().options();
  more.emplace_back("properties", options({{"reconnect.backoff.ms", scalar("1")},
                                           {"reconnect.backoff.max.ms", scalar("1")}}));
  SourceRun run = connect_to(std::move(more), "127.0.0.1:" + std::to_string(relay.port()));
  Result<std::optional<stream::Offset>> plan = run.plan(std::nullopt);
  while (plan.status().retriable()) plan = run.plan(std::nullopt);
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_GT(relay.connections(), 5U);
  EXPECT_THAT(drain_all(run), ElementsAre("a record"));
}

TEST_P(KafkaLogin, IsAcceptedWhereAGroupIsToldOfOffsets) {
  await_coordinator();
  OptionList more = GetParam().options();
  more.emplace_back("group_id", scalar(topic));
  {
    SourceRun run = connect(std::move(more), GetParam().listener);
    EXPECT_TRUE(run.source().reach().ok());
    EXPECT_THAT(drain_all(run), ElementsAre("a record"));
  }
  EXPECT_THAT(committed_offsets(properties(), topic, topic), ElementsAre(1));
}

OptionList scram(const char* mechanism, const char* user, const char* password) {
  return {{"sasl", scalar(mechanism)}, {"user", scalar(user)}, {"password", scalar(password)}};
}

OptionList plain_over_tls(const char* ca, const std::string& password) {
  return {{"tls", scalar("true")},
          {"tls_ca", certificate(ca)},
          {"sasl", scalar("plain")},
          {"user", environment("LAKEWARD_KAFKA_USER")},
          {"password", scalar(password)}};
}

OptionList client_certificate(const char* file, const char* key) {
  return {{"tls", scalar("true")},
          {"tls_ca", certificate("ca.pem")},
          {"tls_certificate", certificate(file)},
          {"tls_key", certificate(key)}};
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, KafkaLogin,
    ::testing::Values(
        Login{"PlainOverTls", "LAKEWARD_KAFKA_SASL_TLS",
              [] { return plain_over_tls("ca.pem", from_environment("LAKEWARD_KAFKA_PASSWORD")); }},
        Login{"ScramSha256", "LAKEWARD_KAFKA_SCRAM",
              [] { return scram("scram_sha_256", "reader", "reader's password"); }},
        Login{"ScramSha512", "LAKEWARD_KAFKA_SCRAM",
              [] { return scram("scram_sha_512", "reader", "reader's password"); }},
        Login{"ClientCertificate", "LAKEWARD_KAFKA_MTLS",
              [] { return client_certificate("client.pem", "client.key"); }},
        Login{"CertificateUnverifiedIfTheUserSaysSo", "LAKEWARD_KAFKA_SASL_TLS",
              [] {
                OptionList more =
                    plain_over_tls("other-ca.pem", from_environment("LAKEWARD_KAFKA_PASSWORD"));
                more.emplace_back("tls_verify", scalar("false"));
                return more;
              }}),
    [](const auto& info) { return info.param.name; });

struct Refusal {
  const char* name;
  const char* listener;
  OptionList (*options)();
  StatusCode code;
  const char* next_step;
};
class KafkaRefusal : public KafkaSecurity, public ::testing::WithParamInterface<Refusal> {};

TEST_P(KafkaRefusal, SaysWhatToDo) {
  const Status status = refusal(GetParam().options(), GetParam().listener);
  EXPECT_EQ(status.code(), GetParam().code) << status.message();
  EXPECT_THAT(status.message(), HasSubstr(GetParam().next_step));
  EXPECT_THAT(status.message(), Not(HasSubstr("ssl.ca.location")));
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, KafkaRefusal,
    ::testing::Values(
        Refusal{"WrongPassword", "LAKEWARD_KAFKA_SASL_TLS",
                [] { return plain_over_tls("ca.pem", "wrong"); }, StatusCode::kInvalidArgument,
                "check 'sasl', 'user' and 'password'"},
        Refusal{"WrongScramPassword", "LAKEWARD_KAFKA_SCRAM",
                [] { return scram("scram_sha_256", "reader", "wrong"); },
                StatusCode::kInvalidArgument, "check 'sasl', 'user' and 'password'"},
        Refusal{"UnknownScramUser", "LAKEWARD_KAFKA_SCRAM",
                [] { return scram("scram_sha_512", "nobody", "x"); }, StatusCode::kInvalidArgument,
                "check 'sasl', 'user' and 'password'"},
        Refusal{"WrongMechanism", "LAKEWARD_KAFKA_SCRAM",
                [] { return scram("plain", "reader", "reader's password"); },
                StatusCode::kInvalidArgument, "check 'sasl', 'user' and 'password'"},
        Refusal{"WrongAuthority", "LAKEWARD_KAFKA_SASL_TLS",
                [] { return plain_over_tls("other-ca.pem", "any"); }, StatusCode::kInvalidArgument,
                "check 'tls_ca'"},
        Refusal{"NoClientCertificate", "LAKEWARD_KAFKA_MTLS",
                [] {
                  return OptionList{{"tls", scalar("true")}, {"tls_ca", certificate("ca.pem")}};
                },
                StatusCode::kInvalidArgument, "check 'tls_certificate' and 'tls_key'"},
        Refusal{"UntrustedClientCertificate", "LAKEWARD_KAFKA_MTLS",
                [] { return client_certificate("other-ca.pem", "other-ca.key"); },
                StatusCode::kInvalidArgument, "check 'tls_certificate' and 'tls_key'"},
        // A broker that is going away looks the same, as does the next one.
        Refusal{"TlsWhereThereIsNone", "LAKEWARD_KAFKA",
                [] {
                  return OptionList{{"tls", scalar("true")}, {"tls_ca", certificate("ca.pem")}};
                },
                StatusCode::kUnavailable, "if that goes on, check 'tls'"},
        Refusal{"NoTlsWhereThereIsSome", "LAKEWARD_KAFKA_SASL_TLS", [] { return OptionList(); },
                StatusCode::kUnavailable, "check 'tls'"}),
    [](const auto& info) { return info.param.name; });

TEST_F(KafkaSecurity, SaysThatATopicMayNotBeRead) {
  TestProducer(properties()).allow_only(topic, "User:somebody");
  const Status status =
      refusal(scram("scram_sha_256", "reader", "reader's password"), "LAKEWARD_KAFKA_SCRAM");
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("the permissions Describe and Read on the topic"));
  EXPECT_THAT(status.message(), HasSubstr(topic));
}

TEST_F(KafkaSecurity, SaysWithoutWritingThatATopicMayNotBeWritten) {
  const auto reach = [&](OptionList more) {
    more.emplace_back("brokers", environment("LAKEWARD_KAFKA_SCRAM"));
    more.emplace_back("topic", scalar(topic));
    const auto sink = world.registry.sink("kafka")->make(
        {.pipeline = "p", .query_id = "q", .options = options(more)}, world.environment);
    EXPECT_TRUE(sink.ok()) << sink.status().message();
    return (*sink)->reach();
  };
  const OptionList reader = scram("scram_sha_256", "reader", "reader's password");
  EXPECT_EQ(reach(reader).value(), "kafka " + topic + " (exactly_once), 1 partition");
  TestProducer(properties()).allow_only(topic, "User:reader", /*to_read=*/true);
  const Status status = reach(reader).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("it needs the permission Write on the topic"));
  EXPECT_EQ(read_values(properties(), topic), std::vector<std::string>{"a record"});
}

TEST_F(KafkaSecurity, WaitsForABrokerThatIsNotThere) {
  for (const auto& [address, problem] :
       {std::pair("127.0.0.1:1", "refused"), std::pair("broker.invalid:9092", "broker.invalid")}) {
    OptionList more = {{"brokers", scalar(address)}, {"topic", scalar(topic)}};
    SourceRun run(world, "kafka", options(more));
    ASSERT_TRUE(run.attach().ok());
    const Status status = run.plan(std::nullopt).status();
    EXPECT_EQ(status.code(), StatusCode::kUnavailable);
    EXPECT_THAT(status.message(), HasSubstr(problem));
    EXPECT_THAT(status.message(), HasSubstr("check 'brokers'"));
  }
}

TEST_F(KafkaSecurity, AsksATokenEndpointWithTheClientsSecret) {
  issuer.answer(token_answer(make_token("reader")));
  SourceRun run = connect(oauth(), "LAKEWARD_KAFKA_OAUTH");
  EXPECT_THAT(drain_all(run), ElementsAre("a record"));
  const auto requests = issuer.requests();
  ASSERT_FALSE(requests.empty());
  EXPECT_EQ(requests[0].method, "POST");
  EXPECT_EQ(requests[0].body, "grant_type=client_credentials&scope=kafka%20read");
  EXPECT_EQ(requests[0].get_header_value("Authorization"),
            "Basic " + format::encode_base64("lake%20ward:s3cret%3A%26"));
}

TEST_F(KafkaSecurity, TellsAGroupOfOffsetsWithAToken) {
  issuer.answer(token_answer(make_token("reader")));
  await_coordinator();
  OptionList more = oauth();
  more.emplace_back("group_id", scalar(topic));
  {
    SourceRun run = connect(std::move(more), "LAKEWARD_KAFKA_OAUTH");
    EXPECT_THAT(drain_all(run), ElementsAre("a record"));
  }
  EXPECT_THAT(committed_offsets(properties(), topic, topic), ElementsAre(1));
}

TEST_F(KafkaSecurity, RenewsTokensBeforeTheyExpire) {
  issuer.answer(token_answer(make_token("reader"), 2));
  SourceRun run = connect(oauth(), "LAKEWARD_KAFKA_OAUTH");
  (void)run.plan(std::nullopt).value();
  while (issuer.requests().size() < 3) ASSERT_TRUE(run.plan(std::nullopt).ok());
}

TEST_F(KafkaSecurity, WaitsForATokenEndpointThatIsAway) {
  issuer.answer([](const httplib::Request&, httplib::Response& response) {
    response.status = 503;
    response.set_content("busy", "text/plain");
  });
  SourceRun run = connect(oauth(), "LAKEWARD_KAFKA_OAUTH");
  const Status away = run.plan(std::nullopt).status();
  EXPECT_EQ(away.code(), StatusCode::kUnavailable);
  EXPECT_THAT(away.message(), HasSubstr("the token endpoint " + issuer.url("/token")));
  EXPECT_THAT(away.message(), HasSubstr("HTTP 503"));
  issuer.answer(token_answer(make_token("reader")));
  Result<std::optional<stream::Offset>> plan = run.plan(std::nullopt);
  while (plan.status().retriable()) plan = run.plan(std::nullopt);
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_THAT(drain_all(run), ElementsAre("a record"));
}

TEST_F(KafkaSecurity, SaysWhatATokenEndpointRefused) {
  issuer.answer([](const httplib::Request&, httplib::Response& response) {
    response.status = 401;
    response.set_content(R"({"error":"invalid_client","error_description":"wrong secret"})",
                         "application/json");
  });
  const Status status = refusal(oauth(), "LAKEWARD_KAFKA_OAUTH");
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("HTTP 401, invalid_client: wrong secret; check "
                                          "'client_id', 'client_secret' and 'scope'"));
  EXPECT_THAT(status.message(), Not(HasSubstr("s3cret")));
}

TEST_F(KafkaSecurity, SaysThatAnAddressGivesNoTokens) {
  issuer.answer("<html>Welcome</html>", "text/html");
  const Status status = refusal(oauth(), "LAKEWARD_KAFKA_OAUTH");
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("answered without an 'access_token'; check that "
                                          "'token_url'"));
}

TEST_F(KafkaSecurity, SaysThatTheBrokersDoNotAcceptAToken) {
  issuer.answer(token_answer("no.jwt.atall"));
  const Status status = refusal(oauth(), "LAKEWARD_KAFKA_OAUTH");
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("the brokers do not accept the token: check 'scope'"));
  EXPECT_THAT(status.message(), Not(HasSubstr("no.jwt.atall")));
}

// ---- Azure Event Hubs: the listener with SASL over TLS is as its Kafka endpoint is
// ----------------

class EventHubs : public KafkaSecurity {
 protected:
  SourceRun connect_hub(const std::string& event_hub, const std::string& connection_string) {
    const OptionList more = {{"namespace", scalar("localhost")},
                             {"connection_string", scalar(connection_string)},
                             {"event_hub", scalar(event_hub)},
                             {"endpoint", environment("LAKEWARD_KAFKA_SASL_TLS")},
                             {"tls_ca", environment("LAKEWARD_KAFKA_CA")}};
    config::Problems problems;
    world.registry.source("event_hubs")->check(options(more), problems);
    EXPECT_TRUE(problems.empty()) << problems.front().message;
    SourceRun run(world, "event_hubs", options(more));
    EXPECT_TRUE(run.attach().ok());
    return run;
  }

  const std::string connection_string = from_environment("LAKEWARD_KAFKA_PASSWORD");
};

TEST_F(EventHubs, IsReadWithANamespaceAndAConnectionString) {
  SourceRun run = connect_hub(topic, connection_string);
  EXPECT_THAT(drain_all(run), ElementsAre("a record"));
  EXPECT_EQ(run.source().lag("{\"" + topic + "\":{\"0\":0}}").value().records, 1u);
}

TEST_F(EventHubs, SaysThatAKeyIsWrong) {
  const std::string wrong = connection_string.substr(0, connection_string.rfind("Key=")) + "Key=x";
  const Status status = connect_hub(topic, wrong).plan(std::nullopt).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("event_hubs: "));
  EXPECT_THAT(status.message(), HasSubstr("the key of 'connection_string' is not accepted: copy "
                                          "the connection string anew"));
  EXPECT_THAT(status.message(), Not(HasSubstr("SharedAccessKey")));
}

TEST_F(EventHubs, SaysThatThePolicyLacksAClaim) {
  TestProducer(properties()).allow_only(topic, "User:somebody");
  const Status status = connect_hub(topic, connection_string).plan(std::nullopt).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("needs the claim Listen on this event hub"));
}

TEST_F(EventHubs, SaysThatAnEventHubDoesNotExist) {
  const Status status = connect_hub("no-such-hub", connection_string).plan(std::nullopt).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("there is no event hub 'no-such-hub'; create it in the "
                                          "namespace, or correct 'event_hub' or 'namespace'"));
}

TEST_F(EventHubs, IsWrittenByTheProgram) {
  const auto project = world.folder.path() / "project";
  const auto write = [&](const std::string& text, const std::string& key) {
    write_text(project / "lakeward.yaml", "project: p\nlake: ./lake\n");
    write_text(project / "input/a.jsonl", "{\"id\":\"7\",\"text\":\"" + text + "\"}\n");
    write_text(project / "pipelines/out.yaml",
               "pipeline: out\nfrom: {file: {path: input/*.jsonl, settle: 0s}}\n"
               "decode: {json: {columns: {id: VARCHAR, text: VARCHAR}}}\n"
               "to:\n  event_hubs:\n    namespace: localhost\n    event_hub: " +
                   topic + "\n    key: id\n    connection_string: \"" + key +
                   "\"\n    endpoint: \"" + from_environment("LAKEWARD_KAFKA_SASL_TLS") +
                   "\"\n    tls_ca: \"" + from_environment("LAKEWARD_KAFKA_CA") + "\"\n");
    return run_lakeward({"run", "--once", "--project", project.string()});
  };
  const ProcessResult done = write("hello", connection_string);
  EXPECT_EQ(done.exit_code, 0) << done.err;
  SourceRun run = connect_hub(topic, connection_string);
  EXPECT_THAT(drain_all(run), ElementsAre("a record", R"({"id":"7","text":"hello"})"));

  std::filesystem::remove_all(project);
  const ProcessResult large = write(std::string(1'100'000, 'x'), connection_string);
  EXPECT_EQ(large.exit_code, 1);
  EXPECT_THAT(large.err, HasSubstr("the service takes 1 MB at most"));

  std::filesystem::remove_all(project);
  TestProducer(properties()).allow_only(topic, "User:somebody");
  const ProcessResult refused = write("hello", connection_string);
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("needs the claim Send on this event hub"));
}

}  // namespace
}  // namespace lakeward::test
