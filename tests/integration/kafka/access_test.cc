// What a user is told who may not use a group or a topic, or does not log in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "connectors/kafka/client.h"
#include "connectors/kafka/test_consumer.h"
#include "integration/kafka/broker_fixture.h"
#include "support/process.h"

namespace lakeward::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A project of the user `reader`, whose pipeline reads the topic and writes what `to` says.
class KafkaAccess : public KafkaBroker {
 protected:
  KafkaAccess() : admin_(properties()) {
    admin_.create_topic(topic, 1);
    admin_.send(topic, 0, {{R"({"id":1})"}});
  }
  void write_project(const std::string& from, const std::string& to,
                     const std::string& login = kLogin) {
    write_text(project() / "lakeward.yaml", "project: p\nconnections:\n  k: {kafka: {brokers: \"" +
                                                from_environment("LAKEWARD_KAFKA_SCRAM") + "\"" +
                                                login + "}}\n");
    write_text(project() / "pipelines" / "p.yaml",
               "pipeline: p\nfrom: {kafka: {connection: k, topic: " + topic + from +
                   "}}\ndecode: {json: {columns: {id: INTEGER}}}\nto: " + to + "\n");
  }
  ProcessResult call(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--project", project().string()});
    return run_lakeward(arguments);
  }
  // The program does not wait for long for one that the brokers are only making, as they do for the
  // first group of all.
  void await_coordinator(const std::string& group) {
    EXPECT_EQ(committed_offsets(properties(), group, topic), std::vector<int64_t>{-1});
  }
  std::filesystem::path project() const { return world.folder.path() / "project"; }
  std::string to_topic(const std::string& name) const {
    return "{kafka: {connection: k, topic: " + name + "}}";
  }

  static constexpr const char* kLogin =
      ", sasl: scram_sha_256, user: reader, password: \"reader's password\"";
  TestProducer admin_;
};

// Neither waits for the group nor looks for its coordinator for ever.
TEST_F(KafkaAccess, AGroupThatMayNotBeUsedIsToldOfOnceAndLetBe) {
  await_coordinator(topic + "-group");
  write_project(", group_id: " + topic + "-group", "{delta: {table: raw.t}}");
  admin_.allow_group_only(topic + "-group", "User:somebody");
  const ProcessResult doctor = call({"doctor"});
  EXPECT_EQ(doctor.exit_code, 1);
  EXPECT_THAT(doctor.out, HasSubstr("may not use the group '" + topic +
                                    "-group'; the user needs "
                                    "the permission Read on the group 'group_id'"));
  const ProcessResult run = call({"run", "--once"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const std::string warning = "the permission Read on the group 'group_id'; the pipeline does not";
  const size_t first = run.err.find(warning);
  ASSERT_NE(first, std::string::npos) << run.err;
  EXPECT_EQ(run.err.find(warning, first + 1), std::string::npos) << run.err;
  EXPECT_THAT(call({"query", "SELECT id FROM raw.t", "--format", "csv"}).out, HasSubstr("1"));
}

TEST_F(KafkaAccess, AGroupIsToldOfTheLastEpochBeforeARunEnds) {
  await_coordinator(topic + "-group");
  write_project(", group_id: " + topic + "-group", "{delta: {table: raw.t}}");
  const ProcessResult run = call({"run", "--once"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const auto group =
      std::move(connectors::kafka::Client::make(properties({{"group.id", topic + "-group"}})))
          .value();
  const auto stored = group->committed({topic, 0});
  ASSERT_TRUE(stored.ok()) << stored.status().message();
  ASSERT_TRUE(stored->has_value());
  EXPECT_EQ((*stored)->offset, 1);
}

TEST_F(KafkaAccess, ASinkThatMayNotUseItsGroupFailsWithWhatItNeeds) {
  admin_.create_topic(topic + "-to", 1);
  write_project("", to_topic(topic + "-to"));
  const std::string group = "lakeward.p." + topic + "-to";
  await_coordinator(group);
  admin_.allow_group_only(group, "User:somebody");
  const std::string needs = "may not use the group '" + group +
                            "'; it needs the permission Read on it, or say 'delivery: "
                            "at_least_once'";
  const ProcessResult doctor = call({"doctor"});
  EXPECT_EQ(doctor.exit_code, 1);
  EXPECT_THAT(doctor.out, HasSubstr(needs));
  const ProcessResult run = call({"run", "--once"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr(needs));
}

TEST_F(KafkaAccess, ASinkThatMayNotSeeItsTopicIsToldOfWriting) {
  admin_.create_topic(topic + "-to", 1);
  write_project("", to_topic(topic + "-to"));
  admin_.allow_only(topic + "-to", "User:somebody");
  const ProcessResult run = call({"run", "--once"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("the permissions Describe and Write on the topic"));
  EXPECT_THAT(run.err, Not(HasSubstr("Describe and Read")));
}

TEST_F(KafkaAccess, ALoginThatIsMissingIsNamed) {
  write_project("", "{delta: {table: raw.t}}", "");
  const ProcessResult doctor = call({"doctor"});
  EXPECT_EQ(doctor.exit_code, 1);
  EXPECT_THAT(doctor.out, HasSubstr("check 'sasl'"));
}

TEST_F(KafkaAccess, FilesThatAreMissingAreFoundByValidate) {
  write_project("", "{delta: {table: raw.t}}", ", tls: true, tls_ca: nowhere/ca.pem");
  const ProcessResult validate = call({"validate"});
  EXPECT_EQ(validate.exit_code, 2);
  EXPECT_THAT(validate.err, HasSubstr("lakeward.yaml:3:"));
  EXPECT_THAT(validate.err, HasSubstr("'tls_ca': the file '" + project().string() +
                                      "/nowhere/ca.pem' is not there"));
}

TEST_F(KafkaAccess, TestDataGoesThroughAnyConnection) {
  write_text(project() / "lakeward.yaml",
             "project: p\nconnections:\n  hub:\n    event_hubs:\n      namespace: localhost\n"
             "      connection_string: \"" +
                 from_environment("LAKEWARD_KAFKA_PASSWORD") + "\"\n      endpoint: \"" +
                 from_environment("LAKEWARD_KAFKA_SASL_TLS") + "\"\n      tls_ca: \"" +
                 from_environment("LAKEWARD_KAFKA_CA") + "\"\n");
  const ProcessResult sent = call(
      {"simulate", "sensors", "--count", "3", "--to", "kafka:" + topic, "--connection", "hub"});
  EXPECT_EQ(sent.exit_code, 0) << sent.err;
  EXPECT_EQ(read_values(properties(), topic).size(), 4u);
  const ProcessResult unknown = call(
      {"simulate", "sensors", "--count", "3", "--to", "kafka:" + topic, "--connection", "hob"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean 'hub'?"));
}

TEST_F(KafkaAccess, ACompactedTopicSaysThatItWantsKeys) {
  const std::string compacted = topic + "-compacted";
  ASSERT_EQ(run_lakeward({"topics", "create", compacted, "--brokers", address, "--config",
                          "cleanup.policy=compact"})
                .exit_code,
            0);
  write_text(world.folder.path() / "in" / "a.jsonl", "{\"id\":1}\n");
  write_text(project() / "lakeward.yaml", "project: p\n");
  write_text(project() / "pipelines" / "p.yaml",
             "pipeline: p\nfrom: {file: {path: \"" + (world.folder.path() / "in").string() +
                 "/*.jsonl\", settle: 0s}}\ndecode: {json: {columns: {id: INTEGER}}}\n"
                 "to: {kafka: {brokers: \"" +
                 address + "\", topic: " + compacted + "}}\n");
  const ProcessResult run = call({"run", "--once"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("with cleanup.policy=compact, one without a key"));
}

}  // namespace
}  // namespace lakeward::test
