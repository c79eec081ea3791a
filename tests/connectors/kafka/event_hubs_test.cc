#include "connectors/kafka/event_hubs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "connectors/source_driver.h"

namespace lakeward::connectors::kafka {
namespace {

using test::OptionList;
using test::options;
using test::scalar;
using test::World;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kString =
    "Endpoint=sb://plant.servicebus.windows.net/;SharedAccessKeyName=reader;"
    "SharedAccessKey=c2VjcmV0==";

TEST(EventHubsConnection, NeedsOnlyANamespaceAndAConnectionString) {
  EventHubsConnection connection;
  connection.name_space = "plant";
  connection.connection_string = SecretString(kString);
  const config::StringMap properties = connection_properties(kafka_connection(connection), "/");
  for (const auto& [name, value] :
       {std::pair("bootstrap.servers", "plant.servicebus.windows.net:9093"),
        std::pair("security.protocol", "sasl_ssl"), std::pair("sasl.mechanisms", "PLAIN"),
        std::pair("sasl.username", "$ConnectionString"), std::pair("sasl.password", kString),
        std::pair("connections.max.idle.ms", "180000")}) {
    EXPECT_THAT(properties, ::testing::Contains(std::pair<std::string, std::string>(name, value)));
  }
}

TEST(EventHubsConnection, FollowsTheConnectionStringIntoOtherClouds) {
  EventHubsConnection connection;
  connection.name_space = "plant";
  connection.connection_string = SecretString(
      "Endpoint=sb://plant.servicebus.chinacloudapi.cn/;SharedAccessKeyName=a;SharedAccessKey=b");
  EXPECT_THAT(kafka_connection(connection).brokers,
              ElementsAre("plant.servicebus.chinacloudapi.cn:9093"));
}

TEST(ConnectionString, KeepsEqualsSignsOfKeys) {
  const auto parsed =
      parse_connection_string(SecretString(std::string(kString) + ";EntityPath=events")).value();
  EXPECT_EQ(parsed.host, "plant.servicebus.windows.net");
  EXPECT_EQ(parsed.policy, "reader");
  EXPECT_EQ(parsed.entity_path, "events");
}

TEST(EventHubs, KnowThatTheyAreReadAndWritten) {
  const World world;
  OptionList given = {{"namespace", scalar("plant")},
                      {"connection_string", scalar(kString)},
                      {"event_hub", scalar("events")}};
  const auto destination = world.registry.sink("event_hubs")->destination(options(given));
  ASSERT_TRUE(destination);
  EXPECT_EQ(destination->text, "the event hub 'events'");
  EXPECT_TRUE(world.registry.source("event_hubs")->reads(options(given), *destination));
  given[2].second = scalar("others");
  EXPECT_FALSE(world.registry.source("event_hubs")->reads(options(given), *destination));
  given[1].second = scalar("nonsense");
  EXPECT_FALSE(world.registry.source("event_hubs")->reads(options(given), *destination));
  EXPECT_FALSE(world.registry.sink("event_hubs")->destination(options(given)));
}

struct Wrong {
  const char* name;
  OptionList options;
  std::string complaint;  // "": there is none
};
class EventHubsOptions : public ::testing::TestWithParam<Wrong> {};

TEST_P(EventHubsOptions, AreChecked) {
  World world;
  config::Problems problems;
  world.registry.source("event_hubs")->check(options(GetParam().options), problems);
  if (GetParam().complaint.empty()) {
    EXPECT_TRUE(problems.empty()) << problems.front().message;
    return;
  }
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems[0].message, HasSubstr(GetParam().complaint));
  EXPECT_THAT(problems[0].message, Not(HasSubstr("c2VjcmV0")));
}

OptionList hub(const char* space, const std::string& string, OptionList more = {}) {
  more.emplace_back("namespace", scalar(space));
  more.emplace_back("connection_string", scalar(string));
  return more;
}

INSTANTIATE_TEST_SUITE_P(
    Cases, EventHubsOptions,
    ::testing::Values(
        Wrong{"Named", hub("plant", kString, {{"event_hub", scalar("events")}}), ""},
        Wrong{"NamedByEntityPath", hub("plant", std::string(kString) + ";EntityPath=events"), ""},
        Wrong{"NoHub", hub("plant", kString), "'event_hub' is missing"},
        Wrong{"AnotherEntityPath",
              hub("plant", std::string(kString) + ";EntityPath=events",
                  {{"event_hub", scalar("orders")}}),
              "'event_hub' names 'orders', but 'connection_string' is for the event hub 'events' "
              "alone (EntityPath)"},
        Wrong{"AnotherNamespace", hub("office", kString, {{"event_hub", scalar("events")}}),
              "'namespace' is 'office', but 'connection_string' is of the namespace 'plant'"},
        Wrong{"HostAsNamespace",
              hub("plant.servicebus.windows.net", kString, {{"event_hub", scalar("events")}}),
              "the first part of the host name alone: 'plant'"},
        Wrong{"KeyAlone", hub("plant", "c2VjcmV0==", {{"event_hub", scalar("events")}}),
              "'connection_string' lacks Endpoint=sb://…, SharedAccessKeyName=…, "
              "SharedAccessKey=…: copy it whole"},
        Wrong{"NoKey",
              hub("plant", "Endpoint=sb://plant.servicebus.windows.net/;SharedAccessKeyName=a",
                  {{"event_hub", scalar("events")}}),
              "lacks SharedAccessKey=…"},
        Wrong{"Start",
              hub("plant", kString, {{"event_hub", scalar("events")}, {"start", scalar("now")}}),
              "'start' must be"},
        Wrong{"Property",
              hub("plant", kString,
                  {{"event_hub", scalar("events")},
                   {"properties", options({{"sasl.password", scalar("x")}})}}),
              "the property 'sasl.password' cannot be set: the login is 'connection_string'"},
        Wrong{"Group",
              hub("plant", kString,
                  {{"event_hub", scalar("events")},
                   {"properties", options({{"group.id", scalar("x")}})}}),
              "say it in 'consumer_group'"},
        Wrong{"NoNamespace", hub("", kString, {{"event_hub", scalar("events")}}),
              "'namespace' is empty: 'plant' is that of 'connection_string'"},
        Wrong{
            "UrlAsEndpoint",
            hub("plant", kString,
                {{"event_hub", scalar("events")}, {"endpoint", scalar("https://a.example:9093")}}),
            "'https://a.example:9093' is no address; write host:port, without a scheme"},
        Wrong{"Endpoint",
              hub("plant", kString,
                  {{"event_hub", scalar("events")}, {"endpoint", scalar("10.0.0.1:9093")}}),
              ""},
        Wrong{"Topic", hub("plant", kString, {{"event_hub", scalar("e")}, {"topic", scalar("e")}}),
              "unknown key 'topic'"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace lakeward::connectors::kafka
