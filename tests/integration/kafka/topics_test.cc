// `lakeward topics` against a broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "integration/kafka/broker_fixture.h"
#include "support/process.h"

namespace lakeward::test {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

class Topics : public KafkaBroker {
 protected:
  ProcessResult call(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "topics");
    arguments.insert(arguments.end(), {"--brokers", address});
    return run_lakeward(arguments);
  }
  Json json(std::vector<std::string> arguments) const {
    arguments.emplace_back("--json");
    const ProcessResult result = call(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return Json::parse(result.out, nullptr, false);
  }
};

TEST_F(Topics, AreMadeListedAndDescribed) {
  const ProcessResult made =
      call({"create", topic, "--partitions", "2", "--replication", "1", "--config",
            "retention.ms=60000", "--config", "cleanup.policy=compact,delete"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  TestProducer producer(properties());
  producer.send(topic, 1, std::vector<Message>(5, {"x", "k"}));
  producer.delete_records(topic, 1, 2);
  EXPECT_THAT(call({"list"}).out, HasSubstr(topic));
  EXPECT_THAT(json({"list"}),
              ::testing::Contains(Json{{"topic", topic}, {"partitions", 2}, {"replicas", 1}}));
  const Json described = json({"describe", topic});
  EXPECT_EQ(described["partitions"][1], (Json{{"partition", 1},
                                              {"leader", 1},
                                              {"replicas", {1}},
                                              {"in_sync", {1}},
                                              {"earliest", 2},
                                              {"latest", 5}}));
  EXPECT_EQ(described["settings"],
            (Json{{"retention.ms", "60000"}, {"cleanup.policy", "compact,delete"}}));
  EXPECT_THAT(call({"describe", topic, "--all"}).out, HasSubstr("segment.bytes"));
}

TEST_F(Topics, AreShownFromTheirLastRecordsOnAsTheyGrow) {
  TestProducer producer(properties());
  ASSERT_EQ(call({"create", topic, "--partitions", "2", "--config", "retention.ms=-1"}).exit_code,
            0);
  const int64_t begin = 1'767'225'600'000;  // 2026-01-01T00:00:00Z
  producer.send(topic, 0, {{"a", "k", begin}, {"c", {}, begin + 2'000}});
  producer.send(topic, 1, {{"b\n", {}, begin + 1'000, {{"h", "v"}}}});
  const ProcessResult last = call({"tail", topic, "--last", "2", "--no-follow", "--json"});
  ASSERT_EQ(last.exit_code, 0) << last.err;
  std::istringstream lines(last.out);
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(Json::parse(line), (Json{{"topic", topic},
                                     {"partition", 1},
                                     {"offset", 0},
                                     {"timestamp", "2026-01-01T00:00:01.000Z"},
                                     {"key", nullptr},
                                     {"value", "b\n"},
                                     {"headers", {{"h", "v"}}}}));
  std::getline(lines, line);
  EXPECT_EQ(Json::parse(line)["value"], "c");
  EXPECT_FALSE(std::getline(lines, line));

  Process tail(
      {lakeward_binary(), "topics", "tail", topic, "--last", "1", "-n", "3", "--brokers", address});
  ASSERT_TRUE(eventually([&] { return tail.out().find("  c\n") != std::string::npos; }));
  producer.send(topic, 0, {{"d", "key"}, {"e"}});
  const ProcessResult followed = tail.wait();
  EXPECT_EQ(followed.exit_code, 0) << followed.err;
  EXPECT_THAT(followed.out, HasSubstr("2026-01-01T00:00:02.000Z  0:1  -  c\n"));
  EXPECT_THAT(followed.out, HasSubstr("  0:2  key  d\n"));
  EXPECT_THAT(followed.out, HasSubstr("  0:3  -  e\n"));
}

// Offsets are not all records: markers of transactions have one, and what was aborted.
TEST_F(Topics, AreShownFromTheirLastRecordsOnWhateverIsBehindThem) {
  TestProducer producer(properties({{"transactional.id", topic}}));
  producer.create_topic(topic, 2);
  for (int i = 0; i < 9; ++i) {
    producer.begin();
    producer.send(topic, 0, {{"r" + std::to_string(i)}});
    producer.commit();
    producer.begin();
    producer.send(topic, 0, {{"aborted"}, {"aborted"}});
    producer.abort();
  }
  for (const auto& [last, first] :
       {std::pair("1", "r8"), std::pair("3", "r6"), std::pair("99", "r0")}) {
    const ProcessResult shown = call({"tail", topic, "--last", last, "--no-follow", "--json"});
    ASSERT_EQ(shown.exit_code, 0) << shown.err;
    EXPECT_EQ(Json::parse(shown.out.substr(0, shown.out.find('\n')))["value"], first);
    EXPECT_THAT(shown.out, HasSubstr("\"r8\""));
  }
}

TEST_F(Topics, EndWhenTheirReaderHasSeenEnough) {
  TestProducer producer(properties());
  producer.create_topic(topic, 1);
  producer.send(topic, 0, {{"a"}});
  const ProcessResult result =
      run_process({"bash", "-c",
                   "set -o pipefail; " + lakeward_binary() + " topics tail " + topic +
                       " --last 1 --brokers " + address + " | head -n 1"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, ::testing::EndsWith("  -  a\n"));
  EXPECT_EQ(result.err, "");
}

struct Failure {
  std::vector<std::string> arguments;
  int exit_code;
  std::string message;
};

TEST_F(Topics, SayWhatIsWrongAndWhatToDo) {
  TestProducer(properties()).create_topic(topic, 1);
  const std::vector<Failure> cases = {
      {{"create", topic}, 1, "there is already a topic '" + topic + "'"},
      {{"create", "a b"}, 2, "cannot be a topic's name"},
      {{"create", "t1", "--replication", "7"}, 1, "replication factor"},
      {{"create", "t1", "--config", "retention.mss=1"}, 1, "retention.mss"},
      {{"create", "t1", "--config", "retention.ms"}, 2, "write NAME=VALUE"},
      {{"create", "t1", "--partitions", "0"}, 2, "must be from 1 to"},
      {{"describe", "no-such-topic"}, 1, "`lakeward topics list` shows those there are"},
      {{"tail", "no-such-topic"}, 1, "there is no topic 'no-such-topic'"},
      {{"list", "--connection", "x"}, 2, "exclude each other"},
  };
  for (const Failure& failure : cases) {
    const ProcessResult result = call(failure.arguments);
    EXPECT_EQ(result.exit_code, failure.exit_code) << failure.arguments[0] << ": " << result.err;
    EXPECT_THAT(result.err, HasSubstr(failure.message));
  }
}

TEST_F(Topics, AreThoseOfAConnectionOfTheProject) {
  TestProducer(properties()).create_topic(topic, 1);
  const auto project = world.folder.path() / "project";
  const auto declare = [&](const std::string& connections) {
    write_text(project / "lakeward.yaml", "project: p\nlake: ./lake\nconnections:\n" + connections);
  };
  const auto list = [&](std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"topics", "list", "--project", project.string()});
    ProcessOptions options;
    options.environment = {{"HUB", from_environment("LAKEWARD_KAFKA_PASSWORD")}};
    return run_lakeward(more, options);
  };
  const std::string plain = "  cluster: {kafka: {brokers: \"" + address + "\"}}\n";
  const std::string hub =
      "  hub: {event_hubs: {namespace: localhost, connection_string: \"${secret:HUB}\", endpoint: "
      "\"" +
      from_environment("LAKEWARD_KAFKA_SASL_TLS") + "\", tls_ca: \"" +
      from_environment("LAKEWARD_KAFKA_CA") + "\"}}\n";
  declare(plain);
  EXPECT_THAT(list().out, HasSubstr(topic));
  declare(plain + hub);
  EXPECT_EQ(list().exit_code, 2);
  EXPECT_THAT(list().err, HasSubstr("choose one with --connection"));
  const ProcessResult of_hub = list({"--connection", "hub"});
  EXPECT_THAT(of_hub.out, HasSubstr(topic)) << of_hub.err;
  EXPECT_THAT(list({"--connection", "hubb"}).err, HasSubstr("did you mean 'hub'?"));
  declare("  one: {file: {path: x}}\n");
  EXPECT_THAT(list().err, HasSubstr("has no connection of brokers"));
}

}  // namespace
}  // namespace lakeward::test
