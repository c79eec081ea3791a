// The built program while its broker is away: it waits, says so, and goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "connectors/kafka/test_consumer.h"
#include "integration/kafka/broker_fixture.h"
#include "support/process.h"

namespace lakeward::test {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

class KafkaOutage : public KafkaBroker {
 protected:
  std::filesystem::path project() const { return world.folder.path() / "project"; }
  // `more` options of the source.
  void write_project(const std::string& more = "") const {
    write_text(project() / "lakeward.yaml",
               "project: outage\nlake: ./lake\nconnections:\n  cluster: {kafka: {brokers: \"" +
                   address + "\"}}\n");
    for (const char* name : {"followed", "drained"}) {
      write_text(project() / "pipelines" / (name + std::string(".yaml")),
                 "pipeline: " + std::string(name) +
                     "\nfrom: {kafka: {connection: cluster, topic: " + topic + more +
                     "}}\n"
                     "transform: SELECT _partition AS p, _offset AS o FROM input\n"
                     "to: {delta: {table: bronze." +
                     name + "}}\ntrigger: {every: 50ms}\n");
    }
  }
  ProcessResult call(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--project", project().string()});
    return run_lakeward(arguments);
  }
  std::vector<std::string> command(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), lakeward_binary());
    arguments.insert(arguments.end(), {"--project", project().string()});
    return arguments;
  }
  // Rows, and how many of them are different.
  std::string counts(const std::string& table) const {
    return call({"query", "SELECT count(*), count(DISTINCT (p, o)) FROM bronze." + table,
                 "--format", "csv"})
        .out;
  }
  std::string state() const {
    const Json status = Json::parse(call({"status", "followed", "--json"}).out, nullptr, false);
    return status.is_array() && !status.empty() ? status[0].value("state", "") : "";
  }
  void send(int count) {
    TestProducer producer(properties());
    for (int32_t partition = 0; partition < 2; ++partition) {
      producer.send(topic, partition, std::vector<Message>(static_cast<size_t>(count), {"{}"}));
    }
  }
  // A topic with 500 records in each of two partitions, and the project.
  void prepare() {
    TestProducer(properties()).create_topic(topic, 2);
    write_project();
    send(500);
  }
  // Whether the table comes to have just so many rows.
  bool reaches(int rows) const {
    const std::string count = std::to_string(rows);
    return eventually(
        [&] { return counts("followed").ends_with("\n" + count + "," + count + "\n"); });
  }
  // Whether it comes to say so; how far a run is, is reported every now and then.
  static bool says(const Process& run, const char* text) {
    return eventually([&] { return run.err().find(text) != std::string::npos; });
  }
  static std::string folder() { return from_environment("LAKEWARD_KAFKA_FOLDER"); }
  static void kill_broker() {
    pid_t pid = 0;
    std::ifstream(folder() + "/pid") >> pid;
    ASSERT_GT(pid, 0);
    ASSERT_EQ(kill(pid, SIGKILL), 0);
  }
  // Freezes the broker as long as it lives.
  class Frozen {
   public:
    Frozen() {
      std::ifstream(folder() + "/pid") >> pid_;
      EXPECT_TRUE(pid_ > 0 && kill(pid_, SIGSTOP) == 0);
    }
    ~Frozen() {
      if (pid_ > 0) kill(pid_, SIGCONT);
    }

   private:
    pid_t pid_ = 0;
  };
};

// That it began, and that it ended.
void expect_told_once(const std::string& err) {
  for (const char* said : {"followed: retrying: ", "followed: goes on"}) {
    const size_t first = err.find(said);
    EXPECT_NE(first, std::string::npos) << err;
    EXPECT_EQ(err.find(said, first + 1), std::string::npos) << err;
  }
}

TEST_F(KafkaOutage, IsWaitedForAndNothingIsLostOrRepeated) {
  prepare();
  Process run(command({"run", "followed"}));
  ASSERT_TRUE(reaches(1000)) << run.err();

  kill_broker();
  // A run that is to end with the topic does not take an absent broker for its end.
  Process once(command({"run", "drained", "--once"}));
  ASSERT_TRUE(eventually([&] { return state() == "retrying"; })) << run.err();
  ASSERT_TRUE(eventually([&] { return once.err().find("retrying") != std::string::npos; }));
  EXPECT_TRUE(once.running());
  EXPECT_TRUE(run.running());
  const ProcessResult status = call({"status", "followed"});
  EXPECT_THAT(status.out, HasSubstr("retrying"));
  EXPECT_THAT(status.out, HasSubstr("last error: kafka: "));
  EXPECT_THAT(status.out, HasSubstr("check 'brokers'"));
  const ProcessResult doctor = call({"doctor"});
  EXPECT_EQ(doctor.exit_code, 1);
  EXPECT_THAT(doctor.out, HasSubstr("wrong  connection cluster: kafka: "));

  ASSERT_EQ(std::system((folder() + "/restart").c_str()), 0);
  send(500);
  const ProcessResult drained = once.wait();
  EXPECT_EQ(drained.exit_code, 0) << drained.err;
  ASSERT_TRUE(reaches(2000)) << run.err();
  EXPECT_TRUE(eventually([&] { return state() == "idle"; }));
  EXPECT_TRUE(says(run, "followed: goes on"));
  run.send_signal(SIGTERM);
  const ProcessResult followed = run.wait();
  EXPECT_EQ(followed.exit_code, 130) << followed.err;  // a clean stop by a signal
  expect_told_once(followed.err);
  // What was there when the broker could be asked for the first time, or more.
  EXPECT_THAT(counts("drained"), ::testing::AnyOf(HasSubstr("1000,1000"), HasSubstr("2000,2000")));
}

// While they are stored every moment, so that the broker goes away in the middle of it.
TEST_F(KafkaOutage, TheOffsetsOfAGroupAreStoredAgainAfterIt) {
  TestProducer(properties()).create_topic(topic, 2);
  write_project(", group_id: " + topic);
  const auto told = [&] { return committed_offsets(properties(), topic, topic)[0]; };
  std::atomic<bool> stopping{false};
  std::atomic<int64_t> sent{0};
  std::thread sender([&] {
    TestProducer producer(properties());
    while (!stopping) {
      producer.send(topic, 0, {{"{}"}});
      ++sent;
    }
  });
  Process run(command({"run", "followed"}));
  EXPECT_TRUE(eventually([&] { return told() > 0; })) << run.err();
  kill_broker();
  EXPECT_TRUE(eventually([&] { return state() == "retrying"; })) << run.err();
  EXPECT_EQ(std::system((folder() + "/restart").c_str()), 0);
  const int64_t before = sent;
  EXPECT_TRUE(eventually([&] { return told() > before; })) << run.err();
  stopping = true;
  sender.join();
  // A record that was sent when the broker was killed may be there twice.
  const auto end = static_cast<int64_t>(read_topic(properties(), topic).size());
  EXPECT_TRUE(eventually([&] { return told() == end; })) << run.err();
  EXPECT_TRUE(run.running());
  run.send_signal(SIGTERM);
  const ProcessResult followed = run.wait();
  EXPECT_EQ(followed.exit_code, 130) << followed.err;
  EXPECT_THAT(followed.err, ::testing::Not(HasSubstr("the offsets of the group")));
}

// As when a broker comes back without its disk: the offsets that were read are given out again.
TEST_F(KafkaOutage, ThatLosesRecordsEndsTheRunInsteadOfLeavingOutThoseInTheirPlace) {
  prepare();
  Process run(command({"run", "followed"}));
  ASSERT_TRUE(reaches(1000)) << run.err();
  kill_broker();
  ASSERT_TRUE(eventually([&] { return state() == "retrying"; })) << run.err();
  ASSERT_GT(std::filesystem::remove_all(folder() + "/data/" + topic + "-0"), 0u);
  ASSERT_EQ(std::system((folder() + "/restart").c_str()), 0);
  send(600);
  const ProcessResult ended = run.wait();
  EXPECT_EQ(ended.exit_code, 1) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("partition 0 of '" + topic +
                                   "': the brokers have lost records: those of offsets 0 to 499 "
                                   "were read in the leader's epoch"));
}

// In a test of its own, as it lasts.
class KafkaLongOutage : public KafkaOutage {};

TEST_F(KafkaLongOutage, IsSaidOnce) {
  prepare();
  Process run(command({"run", "followed"}));
  ASSERT_TRUE(reaches(1000)) << run.err();
  kill_broker();
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (std::chrono::steady_clock::now() < end) {
    ASSERT_TRUE(run.running()) << run.err();
    pause_briefly();
  }
  EXPECT_EQ(state(), "retrying");
  ASSERT_EQ(std::system((folder() + "/restart").c_str()), 0);
  send(500);
  ASSERT_TRUE(reaches(2000)) << run.err();
  EXPECT_TRUE(says(run, "followed: goes on"));
  run.send_signal(SIGTERM);
  const ProcessResult followed = run.wait();
  EXPECT_EQ(followed.exit_code, 130) << followed.err;
  expect_told_once(followed.err);
}

// Beside a broker of its own, whose session outlasts the freeze. The only broker of a cluster that
// is fenced says, when it goes on, that there is no broker, and librdkafka 2.11 asks nobody any
// more then (its issue 5301).
class KafkaFrozenBroker : public KafkaOutage {};

TEST_F(KafkaFrozenBroker, IsWaitedForByWhoSimulatesAndWhoFollowsATopic) {
  TestProducer producer(properties());
  producer.create_topic(topic, 2);
  producer.send(topic, 0, {{"the first"}});
  // However long it takes to start, it is there before what it is to follow.
  Process tail({lakeward_binary(), "topics", "tail", topic, "--last", "1", "--brokers", address});
  const auto shows = [&](const std::string& text) {
    return eventually([&] { return tail.out().find(text) != std::string::npos; });
  };
  ASSERT_TRUE(shows("the first")) << tail.err();
  Process simulate({lakeward_binary(), "simulate", "sensors", "--count", "1200", "--rate", "100",
                    "--to", "kafka:" + topic, "--brokers", address});
  ASSERT_TRUE(shows("device_id")) << tail.err() << simulate.err();
  {
    const Frozen frozen;
    ASSERT_TRUE(says(simulate, "kafka: the brokers have taken nothing for 10 s")) << simulate.err();
  }
  ASSERT_TRUE(says(simulate, "kafka: goes on")) << simulate.err();
  const ProcessResult ended = simulate.wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(ended.err.find("taken nothing"), ended.err.rfind("taken nothing")) << ended.err;
  EXPECT_EQ(read_values(properties(), topic).size(), 1201U);
  const std::string last = read_values(properties(), topic).back();
  EXPECT_TRUE(shows(last)) << last << " does not come behind\n"
                           << tail.out().substr(std::max<size_t>(tail.out().size(), 1000) - 1000)
                           << tail.err();
  tail.send_signal(SIGINT);
  EXPECT_EQ(tail.wait().exit_code, 0);
}

TEST_F(KafkaOutage, StatusTellsEachPartition) {
  TestProducer(properties()).create_topic(topic, 2);
  write_project();
  send(3);
  ASSERT_EQ(call({"run", "followed", "--once"}).exit_code, 0);
  TestProducer(properties()).send(topic, 1, {{"{}"}, {"{}"}});
  const Json status = Json::parse(call({"status", "followed", "--json"}).out);
  EXPECT_EQ(status[0]["lag_records"], 2);
  EXPECT_EQ(status[0]["parts"],
            Json::parse("[{\"part\":\"" + topic +
                        "/0\",\"position\":3,\"end\":3,\"lag_records\":0},"
                        "{\"part\":\"" +
                        topic + "/1\",\"position\":3,\"end\":5,\"lag_records\":2}]"));
  EXPECT_THAT(call({"status", "followed"}).out, HasSubstr(topic + "/1"));
}

}  // namespace
}  // namespace lakeward::test
