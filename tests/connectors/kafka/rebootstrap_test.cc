// A broker that says for a moment that there is no broker, as one may that was frozen.
#include "connectors/kafka/rebootstrap.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "connectors/kafka/client.h"
#include "connectors/kafka/fetch/scripted_broker.h"

namespace lakeward::connectors::kafka {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{30};
constexpr int kRounds = 3;
// How often something that waits for brokers looks what is wrong.
constexpr std::chrono::milliseconds kLookEvery{100};

// One that can forget itself for the length of one answer.
class ForgetfulBroker {
 public:
  std::string address() const { return "127.0.0.1:" + std::to_string(broker_.address().port); }
  void forget_once() {
    const std::lock_guard lock(mutex_);
    forgets_ = true;
  }
  // Whether it was asked, and has told of itself, after it forgot itself; waits a moment for it.
  bool is_known_again() {
    std::unique_lock lock(mutex_);
    return told_.wait_for(lock, kLookEvery, [&] { return known_again_; });
  }

 private:
  bool answer() {
    const std::lock_guard lock(mutex_);
    if (forgets_) {
      forgets_ = false;
      forgot_ = true;
      return false;
    }
    known_again_ = forgot_;
    told_.notify_all();
    return true;
  }

  std::mutex mutex_;
  std::condition_variable told_;
  bool forgets_ = false;
  bool forgot_ = false;
  bool known_again_ = false;
  fetch::ScriptedBroker broker_{[](const fetch::FetchRequest&) { return fetch::FetchAnswer(); },
                                {},
                                [this] { return answer(); }};
};

class KafkaRebootstrap : public ::testing::TestWithParam<Client::Role> {
 protected:
  std::unique_ptr<Client> connect() {
    auto client = Client::make(
        {{"bootstrap.servers", broker_.address()}, {"topic.metadata.refresh.interval.ms", "1000"}},
        GetParam());
    EXPECT_TRUE(client.ok()) << client.status().message();
    return client.ok() ? std::move(*client) : nullptr;
  }
  // As somebody does who waits for brokers that are away.
  Status ask(Client& client) {
    const auto end = steady_clock::now() + kPatience;
    Status status;
    do {
      status = client.partitions("t").status();
    } while (!status.ok() && steady_clock::now() < end);
    return status;
  }
  ForgetfulBroker broker_;
};

TEST_P(KafkaRebootstrap, AsksAgainAfterABrokerSaidThatThereIsNone) {
  const std::unique_ptr<Client> client = connect();
  for (int round = 0; round < kRounds; ++round) {
    const Status before = ask(*client);
    ASSERT_TRUE(before.ok()) << "round " << round << ": " << before.message();
    broker_.forget_once();
    (void)client->partitions("t");
  }
  const Status after = ask(*client);
  EXPECT_TRUE(after.ok()) << after.message();
}

// As something that reads or writes: librdkafka asks for itself.
TEST_P(KafkaRebootstrap, NeedsNoQuestion) {
  const std::unique_ptr<Client> client = connect();
  ASSERT_TRUE(ask(*client).ok());
  broker_.forget_once();
  const auto end = steady_clock::now() + kPatience;
  bool found = false;
  while (!found && steady_clock::now() < end) {
    client->poll();
    found = broker_.is_known_again();
  }
  EXPECT_TRUE(found) << client->failure().message();
}

INSTANTIATE_TEST_SUITE_P(Clients, KafkaRebootstrap,
                         ::testing::Values(Client::Role::kConsumer, Client::Role::kProducer),
                         [](const auto& instance) {
                           return instance.param == Client::Role::kConsumer ? "Consumer"
                                                                            : "Producer";
                         });

}  // namespace
}  // namespace lakeward::connectors::kafka
