// Connections to a broker that says what the test wants.
#include "connectors/kafka/fetch/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

#include "connectors/kafka/fetch/fetched_feed.h"
#include "connectors/kafka/fetch/fetcher.h"
#include "connectors/kafka/fetch/wire.h"
#include "support/loopback.h"

namespace lakeward::connectors::kafka::fetch {
namespace {

using ::testing::HasSubstr;

// Takes one connection, and gives each of its answers when something has been asked.
class ByteServer {
 public:
  // At the end it closes the connection, or else says nothing more.
  explicit ByteServer(std::vector<std::string> answers, bool closes = true)
      : answers_(std::move(answers)), closes_(closes) {
    listener_ = test::listen_on_loopback(port_);
    thread_ = std::thread([this] { serve(); });
  }
  ~ByteServer() {
    ::shutdown(listener_, SHUT_RDWR);  // if nobody came
    thread_.join();
    ::close(listener_);
  }
  ByteServer(const ByteServer&) = delete;
  ByteServer& operator=(const ByteServer&) = delete;

  BrokerAddress address() const { return {"127.0.0.1", port_}; }

 private:
  void serve() {
    const int client = ::accept(listener_, nullptr, nullptr);
    if (client < 0) return;
    std::array<char, 4096> asked{};
    for (const std::string& answer : answers_) {
      if (::recv(client, asked.data(), asked.size(), 0) <= 0) break;
      ::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
    if (closes_) ::shutdown(client, SHUT_WR);
    while (::recv(client, asked.data(), asked.size(), 0) > 0) {
    }
    ::close(client);
  }

  const std::vector<std::string> answers_;
  const bool closes_;
  int listener_ = -1;
  int port_ = 0;
  std::thread thread_;
};

std::string framed(int32_t correlation, const std::string& body) {
  WireWriter text;
  text.number(correlation);
  text.bytes(body);
  return text.framed();
}

// The answer to ApiVersions of a broker that knows these versions of Fetch.
std::string versions(int16_t from, int16_t to) {
  WireWriter body;
  body.number(int16_t{0});
  body.number(int32_t{1});
  for (const int16_t number : {int16_t{1}, from, to}) body.number(number);
  return framed(1, body.str());
}

Security over_tls() { return {TlsContext::make({}).value(), {}}; }

// Goes on until there is an answer, an error, or `done`.
template <typename Done>
Result<std::optional<Answer>> proceed(Connection& connection, Done done) {
  while (!done()) {
    pollfd waiting{connection.descriptor(), connection.events(), 0};
    EXPECT_EQ(::poll(&waiting, 1, 10'000), 1);
    if (waiting.revents == 0) return unavailable("nothing came");
    Result<std::optional<Answer>> answer = connection.proceed();
    if (!answer.ok() || *answer) return answer;
  }
  return std::optional<Answer>();
}

Status let_in(Connection& connection) {
  RETURN_IF_ERROR(connection.open());
  return proceed(connection, [&] { return connection.is_idle(); }).status();
}

struct Hostile {
  const char* name;
  std::vector<std::string> answers;
  const char* message;
  bool tls = false;
};

TEST(KafkaConnection, RefusesWhatNoBrokerSays) {
  const std::string http = "HTTP/1.1 400 Bad Request\r\n\r\n";
  const std::string no_broker = "this is no Kafka broker, or one that wants TLS";
  for (const Hostile& hostile : std::vector<Hostile>{
           {"nothing", {}, "the broker closed the connection"},
           {"half a size", {std::string("\0\0", 2)}, "the broker closed the connection"},
           {"half an answer", {versions(0, 9).substr(0, 13)}, "the broker closed the connection"},
           {"a negative size", {"\xff\xff\xff\xff"}, no_broker.c_str()},
           {"the largest size", {"\x7f\xff\xff\xff"}, no_broker.c_str()},
           {"a size too large for a stranger", {std::string("\0\x04\0\1", 4)}, no_broker.c_str()},
           {"another protocol", {http}, no_broker.c_str()},
           {"TLS, which was not asked for",
            {std::string("\x15\x03\x03\0\2\2\x28", 7)},
            no_broker.c_str()},
           {"an empty answer", {std::string(4, '\0')}, "something that was not asked"},
           {"another's answer", {framed(2, "")}, "something that was not asked"},
           {"no TLS", {http}, "the TLS handshake failed: wrong version number", true},
           {"no handshake", {}, "the TLS handshake failed: the broker closed the connection", true},
           {"half a record",
            {std::string("\x16\x03\x03\x40\0\2", 6)},
            "the TLS handshake failed: the broker closed the connection",
            true},
           {"an alert",
            {std::string("\x15\x03\x03\0\2\2\x28", 7)},
            "alert handshake failure",
            true}}) {
    const ByteServer broker(hostile.answers);
    AnswerMemory memory;
    Connection connection(broker.address(), "lakeward", hostile.tls ? over_tls() : Security(),
                          memory);
    const Status status = let_in(connection);
    EXPECT_EQ(status.code(), StatusCode::kUnavailable) << hostile.name;
    EXPECT_THAT(status.message(), HasSubstr(hostile.message)) << hostile.name;
    EXPECT_THAT(status.message(), HasSubstr("127.0.0.1:")) << hostile.name;
    EXPECT_FALSE(connection.is_open());
  }
}

TEST(KafkaConnection, GivesAnswers) {
  const ByteServer broker({versions(0, 17), framed(7, "first"), framed(8, "")});
  AnswerMemory memory;
  Connection connection(broker.address(), "lakeward", {}, memory);
  ASSERT_TRUE(let_in(connection).ok());
  const auto never = [] { return false; };
  ASSERT_TRUE(connection.ask("one").ok());
  EXPECT_EQ(proceed(connection, never).value()->text, std::string("\0\0\0\7first", 9));
  ASSERT_TRUE(connection.ask("two").ok());
  EXPECT_EQ(proceed(connection, never).value()->text, std::string("\0\0\0\10", 4));
}

TEST(KafkaConnection, TakesTheEndOfAnIdleOneForNoFailure) {
  for (const std::string& more : {std::string(), std::string("unasked")}) {
    const ByteServer broker({versions(0, 17) + more});
    AnswerMemory memory;
    Connection connection(broker.address(), "lakeward", {}, memory);
    ASSERT_TRUE(let_in(connection).ok());
    EXPECT_TRUE(proceed(connection, [&] { return !connection.is_open(); }).ok());
  }
}

TEST(KafkaConnection, TriesTheOtherAddressesOfAHost) {
  const ByteServer broker({versions(0, 17)});
  // Of localhost's addresses, the broker has only 127.0.0.1.
  AnswerMemory memory;
  Connection connection({"localhost", broker.address().port}, "lakeward", {}, memory);
  EXPECT_TRUE(let_in(connection).ok());
}

class FetcherOf {
 public:
  FetcherOf(const BrokerAddress& broker, std::chrono::milliseconds patience)
      : fetcher_(
            {{partition_, 0}}, options(patience),
            [=, this] {
              return Leaders{{partition_, broker}};
            },
            bell_, events_),
        feed_(fetcher_.queue(partition_), "kafka: t/0", 0) {}

  // The first failure.
  Status failure() {
    while (true) {
      const uint64_t rings = bell_.rings();
      const Status taken = feed_.take(1, {}, std::make_shared<MessageBlock>()).status();
      if (!taken.ok()) return taken;
      if (!events_.failure().ok()) return events_.failure();
      bell_.wait(rings);
    }
  }

 private:
  static FetcherOptions options(std::chrono::milliseconds patience) {
    FetcherOptions options;
    options.patience = patience;
    return options;
  }

  const TopicPartition partition_{"t", 0};
  Bell bell_;
  Events events_{Service()};
  Fetcher fetcher_;
  FetchedFeed feed_;
};

TEST(KafkaFetcher, GivesABrokerUpThatSaysNothing) {
  for (const std::vector<std::string>& answers :
       {std::vector<std::string>{}, {versions(0, 17).substr(0, 6)}, {versions(0, 17)}}) {
    const ByteServer broker(answers, /*closes=*/false);
    const Status status = FetcherOf(broker.address(), std::chrono::milliseconds(50)).failure();
    EXPECT_EQ(status.code(), StatusCode::kUnavailable);
    EXPECT_THAT(status.message(), HasSubstr("no answer for"));
  }
}

TEST(KafkaFetcher, LeavesABrokerToLibrdkafkaThatLacksItsFetch) {
  const ByteServer broker({versions(5, 17)}, /*closes=*/false);
  const Status status = FetcherOf(broker.address(), std::chrono::seconds(60)).failure();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_THAT(status.message(), HasSubstr("has no Fetch of version 4"));
}

}  // namespace
}  // namespace lakeward::connectors::kafka::fetch
