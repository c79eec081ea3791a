// A connection to a broker that never waits: one question at a time, and its answer.
#pragma once

#include <poll.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "connectors/kafka/client.h"
#include "connectors/kafka/fetch/byte_stream.h"
#include "connectors/kafka/fetch/introduction.h"
#include "connectors/kafka/fetch/sasl.h"
#include "connectors/kafka/fetch/tls.h"

namespace lakeward::connectors::kafka::fetch {

// Memory for answers, used again once nobody holds them. Used by one thread; what it lends may be
// let go by any.
class AnswerMemory {
 public:
  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
  };
  std::shared_ptr<Block> take(size_t size);

 private:
  std::vector<std::shared_ptr<Block>> blocks_;
};

// Without its size; format::kPadding readable bytes follow the text.
struct Answer {
  std::shared_ptr<const void> memory;
  std::string_view text;
};

// How connections are made, and what is said on them first.
struct Security {
  std::shared_ptr<const TlsContext> tls;  // null: not encrypted
  SaslLogin login;                        // empty: none is wanted
};

// Used by one thread.
class Connection {
 public:
  Connection(BrokerAddress address, std::string client_id, Security security, AnswerMemory& memory);

  const BrokerAddress& address() const { return address_; }
  bool is_open() const { return stream_ != nullptr; }
  // Open, let in, and without a question that is not answered.
  bool is_idle() const { return phase_ == Phase::kIdle; }

  // Begins to connect, and to introduce itself. Errors: as proceed().
  Status open();
  void close();
  // Whether the broker has this version of a request. Only when it was idle once.
  bool has(int16_t api, int16_t version) const;
  // Only when idle. Errors: as proceed().
  Status ask(std::string question);

  // What poll() is to wait for.
  int descriptor() const { return stream_->descriptor(); }
  short events() const { return is_idle() ? short{POLLIN} : stream_->events(); }
  // Goes as far as it can. An answer, if one is complete. An idle connection that the broker ends
  // is closed without an error. Errors, after which it is closed: Unavailable; InvalidArgument if
  // the login is refused; Unsupported if the broker lacks what is needed here.
  Result<std::optional<Answer>> proceed();

  using Clock = std::chrono::steady_clock;
  // Since when it has been idle or making no progress; until it is let in, since open().
  Clock::time_point since() const { return since_; }
  // When it should be closed, though nothing is wrong: brokers end connections that are idle for
  // long, and logins that have become old.
  Clock::time_point expires() const;

 private:
  enum class Phase { kClosed, kEstablishing, kIdle, kAsking, kSize, kText };
  Result<std::optional<Answer>> proceed_open();
  Status introduce(std::string_view answer);
  void watch_idle();
  Status begin(std::string question);
  size_t largest_answer() const;
  // True when all is sent, or all of what is expected has come.
  Result<bool> send_more();
  Result<bool> receive_more(char* into, size_t size);
  Status failed(const Status& why);

  const BrokerAddress address_;
  const std::string client_id_;
  const Security security_;
  AnswerMemory& memory_;
  size_t attempts_ = 0;
  std::unique_ptr<ByteStream> stream_;
  std::unique_ptr<Introduction> introduction_;  // until the broker has let it in
  ApiVersions versions_;
  Phase phase_ = Phase::kClosed;
  std::string question_;
  size_t done_ = 0;  // bytes of the question, the size or the text
  char size_[4] = {};
  size_t text_bytes_ = 0;
  std::shared_ptr<AnswerMemory::Block> text_;
  Clock::time_point since_;
  std::optional<Clock::time_point> session_end_;
};

}  // namespace lakeward::connectors::kafka::fetch
