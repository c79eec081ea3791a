// The consumer group that tools watch: `group_id`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "connectors/kafka/client.h"
#include "connectors/kafka/group_offsets.h"
#include "connectors/kafka/mock_brokers.h"
#include "connectors/source_driver.h"
#include "support/loopback.h"
#include "support/process.h"

namespace lakeward::test {
namespace {

using connectors::kafka::check_group;
using connectors::kafka::Client;
using connectors::kafka::GroupOffsets;
using ::testing::HasSubstr;

constexpr int16_t kOffsetCommit = 8;
constexpr int16_t kFindCoordinator = 10;

// What is logged while it lives.
class Log {
 public:
  Log() : before_(spdlog::default_logger()) {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_)));
  }
  ~Log() { spdlog::set_default_logger(before_); }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // Only when nobody logs any more.
  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    std::istringstream text(text_.str());
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }

 private:
  const std::shared_ptr<spdlog::logger> before_;
  std::ostringstream text_;
};

// Takes connections and says nothing.
class SilentServer {
 public:
  SilentServer() : listener_(listen_on_loopback(port_)) {}
  ~SilentServer() { ::close(listener_); }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  int port_ = 0;
  const int listener_;
};

class KafkaGroup : public ::testing::Test {
 protected:
  KafkaGroup() { brokers.create_topic("readings", 2); }

  SourceRun start() {
    SourceRun run(world, "kafka",
                  options({{"brokers", scalar(brokers.address())},
                           {"topic", scalar("readings")},
                           {"group_id", scalar("watched")}}));
    EXPECT_TRUE(run.attach().ok());
    return run;
  }
  static std::unique_ptr<Client> client_of(const std::string& address,
                                           config::StringMap more = {}) {
    more.emplace_back("bootstrap.servers", address);
    more.emplace_back("client.id", "test");
    return Client::make(more).value();
  }
  // nullopt if that cannot be asked now.
  std::optional<int64_t> find_committed(int32_t partition) {
    const auto client =
        Client::make({{"bootstrap.servers", brokers.address()}, {"group.id", "watched"}}).value();
    const auto stored = client->committed({"readings", partition});
    if (!stored.ok()) return std::nullopt;
    return *stored ? (*stored)->offset : -1;
  }
  int64_t committed(int32_t partition) { return find_committed(partition).value(); }
  void store(GroupOffsets& group, int64_t offset, const Client& client) {
    group.store({{{"readings", 0}, offset}}, client);
  }

  MockBrokers brokers;
  World world;
};

TEST_F(KafkaGroup, HasTheOffsetsOfTheLastEpochWhenARunHasEnded) {
  brokers.send("readings", 0, {{"a"}, {"b"}, {"c"}});
  {
    SourceRun run = start();
    EXPECT_EQ(run.drain(std::nullopt, {.rows = 1}).size(), 3u);
  }
  EXPECT_EQ(committed(0), 3);
  EXPECT_EQ(committed(1), 0);
}

TEST_F(KafkaGroup, IsNotWaitedForWhenTheBrokersAreAway) {
  brokers.send("readings", 0, {{"a"}});
  SourceRun run = start();
  EXPECT_EQ(run.drain().size(), 1u);
  brokers.go_down();
  EXPECT_FALSE(run.plan(std::nullopt).ok());
}

TEST_F(KafkaGroup, IsStoredAgainUntilTheCoordinatorTakesIt) {
  const Log log;
  for (const rd_kafka_resp_err_t error :
       {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
        RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART}) {
    brokers.fail_next(kOffsetCommit, {error, error});
    brokers.fail_next(kFindCoordinator, {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE});
    const auto client = client_of("PLAINTEXT://" + brokers.address());
    GroupOffsets group("watched");
    store(group, error, *client);
    EXPECT_TRUE(eventually([&] { return find_committed(0) == error; }));
  }
  EXPECT_THAT(log.lines(), ::testing::IsEmpty());
}

TEST_F(KafkaGroup, IsStoredOnceTheBrokersAreBack) {
  const auto client = client_of("127.0.0.1:1," + brokers.address());
  GroupOffsets group("watched");
  store(group, 1, *client);
  EXPECT_TRUE(eventually([&] { return find_committed(0) == 1; }));
  brokers.go_down();
  store(group, 2, *client);
  store(group, 3, *client);
  brokers.come_up();
  EXPECT_TRUE(eventually([&] { return find_committed(0) == 3; }));
}

TEST_F(KafkaGroup, IsToldOfOnceIfSomebodyMustMendIt) {
  struct Refusal {
    int16_t request;
    rd_kafka_resp_err_t error;
    const char* next_step;
  };
  for (const Refusal& refusal : std::vector<Refusal>{
           {kFindCoordinator, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
            "the user needs the permission Read on the group 'group_id'"},
           {kOffsetCommit, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
            "the user needs the permission Read on the group 'group_id'"},
           {kOffsetCommit, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
            "the user needs the permissions Describe and Read on the topic"},
           {kOffsetCommit, RD_KAFKA_RESP_ERR_INVALID_GROUP_ID, "choose another name for the group"},
           {kOffsetCommit, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
            "another program is a member of the group: choose another name for it"}}) {
    const Log log;
    // Before it: nothing that is told of.
    brokers.fail_next(refusal.request,
                      {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, refusal.error});
    {
      const auto client = client_of(brokers.address());
      GroupOffsets group("watched");
      for (int64_t offset = 10; offset < 20; ++offset) store(group, offset, *client);
    }
    ASSERT_EQ(log.lines().size(), 1u) << refusal.next_step;
    EXPECT_THAT(log.lines()[0], HasSubstr("kafka: the offsets of the group 'watched': "));
    EXPECT_THAT(log.lines()[0],
                HasSubstr(refusal.next_step + std::string("; the pipeline does not need them")));
    EXPECT_EQ(committed(0), -1);
  }
}

TEST_F(KafkaGroup, IsNotStoredOverConnectionsThatOnlyLibrdkafkaKnows) {
  const Log log;
  {
    const auto client = client_of(brokers.address(), {{"ssl.cipher.suites", "ALL"}});
    GroupOffsets group("watched");
    store(group, 1, *client);
    store(group, 2, *client);
    EXPECT_TRUE(check_group(*client, "watched", "").ok());
  }
  ASSERT_EQ(log.lines().size(), 1u);
  EXPECT_THAT(log.lines()[0], HasSubstr("'properties' secure in a way that only librdkafka knows"));
}

TEST_F(KafkaGroup, IsGivenUpAtTheEndIfTheBrokersSayNothing) {
  const SilentServer silent;
  const auto client = client_of(silent.address());
  GroupOffsets group("watched");
  store(group, 1, *client);
}

TEST_F(KafkaGroup, IsCheckedWithoutAChange) {
  const auto client = client_of(brokers.address());
  brokers.fail_next(kFindCoordinator, {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
                                       RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED});
  const Status refused = check_group(*client, "watched", "ask for it");
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(refused.message(), "kafka: this user may not use the group 'watched'; ask for it");
  EXPECT_TRUE(check_group(*client, "watched", "").ok());
  EXPECT_EQ(committed(0), -1);
}

}  // namespace
}  // namespace lakeward::test
