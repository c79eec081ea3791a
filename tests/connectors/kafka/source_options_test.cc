// How the options of the Kafka source are checked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "connectors/source_driver.h"

namespace lakeward::test {
namespace {

using ::testing::HasSubstr;

struct WrongOptions {
  const char* name;
  OptionList options;
  const char* complaint;
};
class KafkaOptions : public ::testing::TestWithParam<WrongOptions> {};

TEST_P(KafkaOptions, AreCheckedByName) {
  World world;
  OptionList given = GetParam().options;
  const auto has = [&](const std::string& name) {
    return std::any_of(given.begin(), given.end(),
                       [&](const auto& one) { return one.first == name; });
  };
  if (!has("brokers")) given.emplace_back("brokers", scalar("localhost:9092"));
  if (!has("topic") && !has("topic_pattern")) given.emplace_back("topic", scalar("t"));
  config::Problems problems;
  world.registry.source("kafka")->check(options(given), problems);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems[0].message, HasSubstr(GetParam().complaint));
}

config::Value property(const char* name, const char* value, bool secret = false) {
  config::Value::Scalar text{value};
  text.secret = secret;
  return options({{name, config::Value(text, {})}});
}

INSTANTIATE_TEST_SUITE_P(
    Cases, KafkaOptions,
    ::testing::Values(
        WrongOptions{
            "Pattern", {{"topic", scalar("^sensor.*")}}, "a pattern goes into 'topic_pattern'"},
        WrongOptions{"TopicAndPattern",
                     {{"topic", scalar("t")}, {"topic_pattern", scalar("a.*")}},
                     "'topic' and 'topic_pattern' exclude each other"},
        WrongOptions{
            "BrokenPattern", {{"topic_pattern", scalar("a(")}}, "'a(' is not a regular expression"},
        WrongOptions{"NoTopic",
                     {{"topic", config::Value(config::Value::List(), {})}},
                     "'topic' names no topic"},
        WrongOptions{
            "StartBefore1970", {{"start", scalar("1969-12-31T23:59:59Z")}}, "'start' must be"},
        WrongOptions{"TopicName", {{"topic", scalar("a b")}}, "cannot be a topic's name"},
        WrongOptions{"Start", {{"start", scalar("erliest")}}, "'start' must be earliest, latest"},
        WrongOptions{"StartOffset",
                     {{"start", options({{"0", scalar("end")}})}},
                     "partition 0 must begin at an offset, earliest or latest, not 'end'"},
        WrongOptions{"StartPartition",
                     {{"start", options({{"x", scalar("0")}})}},
                     "'x' must be a partition's number"},
        WrongOptions{"StartTopic",
                     {{"start", options({{"u", options({{"0", scalar("1")}})}})}},
                     "'start' names 'u', which is not among the topics to read"},
        WrongOptions{"Policy", {{"on_lost_offsets", scalar("skip")}}, "'on_lost_offsets' must be"},
        WrongOptions{
            "UnknownProperty",
            {{"properties", property("fetch.wait.max.mss", "5")}},
            "librdkafka has no property 'fetch.wait.max.mss'; did you mean 'fetch.wait.max.ms'?"},
        WrongOptions{
            "OwnedProperty", {{"properties", property("group.id", "g")}}, "say it in 'group_id'"},
        WrongOptions{
            "PropertyValue", {{"properties", property("fetch.min.bytes", "x")}}, "fetch.min.bytes"},
        WrongOptions{"NoBroker", {{"brokers", scalar("")}}, "'brokers' names no broker"},
        WrongOptions{"BlankBrokers", {{"brokers", scalar(" , ")}}, "'brokers' names no broker"},
        WrongOptions{"UrlAsBroker",
                     {{"brokers", scalar("a:9092, http://b:9092")}},
                     "'http://b:9092' is no broker; write host:port"},
        WrongOptions{"BrokerWithoutHost", {{"brokers", scalar(":9092")}}, "':9092' is no broker"},
        WrongOptions{"BrokerWithPortName", {{"brokers", scalar("a:kafka")}}, "is no broker"},
        WrongOptions{"BrokerWithPortTooHigh", {{"brokers", scalar("a:99999")}}, "is no broker"},
        WrongOptions{"CaWithoutTls",
                     {{"tls_ca", scalar("ca.pem")}},
                     "'tls_ca' is of no use without 'tls: true'"},
        WrongOptions{
            "SaslWithoutUser", {{"sasl", scalar("plain")}}, "'sasl' needs 'user' and 'password'"},
        WrongOptions{"SaslWithoutPassword",
                     {{"sasl", scalar("plain")}, {"user", scalar("u")}},
                     "'sasl' needs 'user' and 'password'"},
        WrongOptions{"OauthWithoutClient",
                     {{"sasl", scalar("oauthbearer")}},
                     "needs 'token_url', 'client_id' and 'client_secret'"},
        WrongOptions{"OauthWithoutTls",
                     {{"sasl", scalar("oauthbearer")},
                      {"token_url", scalar("http://127.0.0.1.example.com/token")},
                      {"client_id", scalar("c")},
                      {"client_secret", scalar("s")}},
                     "'token_url' must begin with https://"},
        WrongOptions{"TokenWithoutOauth",
                     {{"token_url", scalar("https://example.com/token")}},
                     "'token_url' is of no use without 'sasl: oauthbearer'"},
        WrongOptions{"OwnedOauthProperty",
                     {{"properties", property("sasl.oauthbearer.method", "oidc")}},
                     "tokens are asked for at 'token_url'"}),
    [](const auto& info) { return info.param.name; });

TEST(KafkaBrokerNames, AreHostsWithOrWithoutPorts) {
  for (const char* brokers :
       {"a", "a:9092", "a.b-c:1, d:65535", "10.0.0.1:9092", "[::1]:9092", "a:9092,"}) {
    World world;
    config::Problems problems;
    world.registry.source("kafka")->check(
        options({{"brokers", scalar(brokers)}, {"topic", scalar("t")}}), problems);
    EXPECT_TRUE(problems.empty()) << problems.front().message;
  }
}

TEST(KafkaReading, IsKnownByTheTopicsNames) {
  const World world;
  const auto destination = world.registry.sink("kafka")->destination(
      options({{"topic", scalar("orders")}, {"brokers", scalar("a:9092, b:9092")}}));
  ASSERT_TRUE(destination);
  EXPECT_EQ(destination->text, "the topic 'orders'");
  const auto reads = [&](const char* option, const config::Value& topics, const char* brokers) {
    return world.registry.source("kafka")->reads(
        options({{option, topics}, {"brokers", scalar(brokers)}}), *destination);
  };
  EXPECT_TRUE(reads("topic", scalar("orders"), "b:9092"));
  const config::Value two(config::Value::List{scalar("x"), scalar("orders")}, {});
  EXPECT_TRUE(reads("topic", two, "c:9092,a:9092"));
  EXPECT_TRUE(reads("topic_pattern", scalar("ord.*"), "a:9092"));
  EXPECT_FALSE(reads("topic", scalar("order"), "a:9092"));
  EXPECT_FALSE(reads("topic", scalar("orders"), "c:9092"));
}

TEST(KafkaFiles, ThatCannotBeUsedAreNamedWithTheirOption) {
  World world;
  const auto folder = world.folder.path();
  std::ofstream(folder / "no.pem") << "not PEM";
  for (const auto& [file, problem] :
       {std::pair("gone.pem", "is not there"), std::pair("no.pem", "cannot be used")}) {
    const std::string path = (folder / file).string();
    SourceRun run(world, "kafka",
                  options({{"brokers", scalar("127.0.0.1:1")},
                           {"topic", scalar("t")},
                           {"tls", scalar("true")},
                           {"tls_ca", scalar(path)}}));
    ASSERT_TRUE(run.attach().ok());
    const Status status = run.plan(std::nullopt).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(status.message(), HasSubstr("'tls_ca': the file '" + path + "' " + problem));
  }
}

TEST(KafkaOptionSecrets, AreNotInComplaints) {
  World world;
  config::Problems problems;
  world.registry.source("kafka")->check(
      options({{"brokers", scalar("b:1")},
               {"topic", scalar("t")},
               {"properties", property("fetch.min.bytes", "hunter2", true)}}),
      problems);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems[0].message, ::testing::Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace lakeward::test
