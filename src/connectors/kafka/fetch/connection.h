// A connection to a broker that never waits: one question at a time, and its answer.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "connectors/kafka/client.h"

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

// Used by one thread.
class Connection {
 public:
  Connection(BrokerAddress address, AnswerMemory& memory);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const BrokerAddress& address() const { return address_; }
  bool is_open() const { return socket_ >= 0; }
  // Open, and without a question that is not answered.
  bool is_idle() const { return phase_ == Phase::kIdle; }

  // Begins to connect. Errors: Unavailable.
  Status open();
  void close();
  // Only when idle.
  void ask(std::string question);

  // What poll() is to wait for.
  int socket() const { return socket_; }
  short events() const;
  // Goes as far as it can. An answer, if one is complete. Errors: Unavailable; then it is closed.
  Result<std::optional<Answer>> proceed();
  // Since when it has been connecting or waiting for the answer.
  std::chrono::steady_clock::time_point since() const { return since_; }

 private:
  enum class Phase { kClosed, kConnecting, kIdle, kAsking, kSize, kText };
  Status finish_connecting();
  // True when all is sent, or all of what is expected has come.
  Result<bool> send_more();
  Result<bool> receive_more(char* into, size_t size);
  Status failed(const std::string& what);

  const BrokerAddress address_;
  AnswerMemory& memory_;
  int socket_ = -1;
  Phase phase_ = Phase::kClosed;
  std::string question_;
  size_t done_ = 0;  // bytes of the question, the size or the text
  char size_[4] = {};
  size_t text_bytes_ = 0;
  std::shared_ptr<AnswerMemory::Block> text_;
  std::chrono::steady_clock::time_point since_;
};

}  // namespace lakeward::connectors::kafka::fetch
