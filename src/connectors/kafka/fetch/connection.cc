#include "connectors/kafka/fetch/connection.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/reuse.h"
#include "connectors/kafka/fetch/wire.h"
#include "format/record_batch.h"

namespace lakeward::connectors::kafka::fetch {
namespace {

// What an answer may have at most: a broker that says more is none.
constexpr size_t kLargestAnswer = size_t{1} << 30;
// Free blocks are kept up to this many.
constexpr size_t kFreeBlocks = 4;
constexpr size_t kSmallestBlock = 64 << 10;

// Sizes are powers of two, so that an answer fits where one of about its size was. Memory that an
// answer does not reach is never touched.
size_t block_size(size_t answer) {
  return std::bit_ceil(std::max(answer + format::kPadding, kSmallestBlock));
}

bool would_wait() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

std::shared_ptr<AnswerMemory::Block> AnswerMemory::take(size_t size) {
  const size_t needed = block_size(size);
  std::shared_ptr<Block>* found = nullptr;
  size_t free = 0;
  for (std::shared_ptr<Block>& block : blocks_) {
    if (block.use_count() != 1) continue;
    ++free;
    if (block->size >= needed && (found == nullptr || block->size < (*found)->size)) found = &block;
  }
  if (found != nullptr) return take_back(*found);
  if (free >= kFreeBlocks) {
    std::erase_if(blocks_, [](const auto& block) { return block.use_count() == 1; });
  }
  auto block = std::make_shared<Block>();
  block->bytes = std::make_unique_for_overwrite<char[]>(needed);
  block->size = needed;
  blocks_.push_back(block);
  return block;
}

Connection::Connection(BrokerAddress address, AnswerMemory& memory)
    : address_(std::move(address)), memory_(memory) {}

Connection::~Connection() { close(); }

void Connection::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  phase_ = Phase::kClosed;
  text_.reset();
}

Status Connection::failed(const std::string& what) {
  close();
  return unavailable(address_.host + ":" + std::to_string(address_.port) + ": " + what);
}

Status Connection::open() {
  close();
  since_ = std::chrono::steady_clock::now();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address_.port);
  if (const int error = getaddrinfo(address_.host.c_str(), port.c_str(), &hints, &found);
      error != 0) {
    return failed(std::string("the host cannot be found: ") + gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
  int error = 0;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    socket_ = ::socket(one->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket_ < 0) return failed(std::strerror(errno));
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (::connect(socket_, one->ai_addr, one->ai_addrlen) == 0 || errno == EINPROGRESS) {
      phase_ = Phase::kConnecting;
      return ok_status();
    }
    error = errno;
    ::close(std::exchange(socket_, -1));
  }
  return failed(std::string("connecting failed: ") + std::strerror(error));
}

Status Connection::finish_connecting() {
  int error = 0;
  socklen_t size = sizeof(error);
  ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return failed(std::string("connecting failed: ") + std::strerror(error));
  phase_ = Phase::kIdle;
  return ok_status();
}

void Connection::ask(std::string question) {
  CHECK(is_idle(), "one question at a time");
  question_ = std::move(question);
  done_ = 0;
  phase_ = Phase::kAsking;
  since_ = std::chrono::steady_clock::now();
}

short Connection::events() const {
  switch (phase_) {
    case Phase::kConnecting:
    case Phase::kAsking:
      return POLLOUT;
    default:
      return POLLIN;
  }
}

Result<bool> Connection::send_more() {
  while (done_ < question_.size()) {
    const ssize_t sent =
        ::send(socket_, question_.data() + done_, question_.size() - done_, MSG_NOSIGNAL);
    if (sent >= 0) {
      done_ += static_cast<size_t>(sent);
    } else if (would_wait()) {
      return false;
    } else {
      return failed(std::string("sending failed: ") + std::strerror(errno));
    }
  }
  return true;
}

Result<bool> Connection::receive_more(char* into, size_t size) {
  while (done_ < size) {
    const ssize_t got = ::recv(socket_, into + done_, size - done_, 0);
    if (got > 0) {
      done_ += static_cast<size_t>(got);
    } else if (got == 0) {
      return failed("the broker closed the connection");
    } else if (would_wait()) {
      return false;
    } else {
      return failed(std::string("receiving failed: ") + std::strerror(errno));
    }
  }
  return true;
}

Result<std::optional<Answer>> Connection::proceed() {
  if (phase_ == Phase::kConnecting) {
    RETURN_IF_ERROR(finish_connecting());
    return std::optional<Answer>();
  }
  if (phase_ == Phase::kIdle) {  // nothing was asked: only an end can have come
    char unasked = 0;
    done_ = 0;
    ASSIGN_OR_RETURN(const bool any, receive_more(&unasked, 1));
    if (any) return failed("the broker said something that was not asked");
    return std::optional<Answer>();
  }
  if (phase_ == Phase::kAsking) {
    ASSIGN_OR_RETURN(const bool sent, send_more());
    if (!sent) return std::optional<Answer>();
    phase_ = Phase::kSize;
    done_ = 0;
  }
  if (phase_ == Phase::kSize) {
    ASSIGN_OR_RETURN(const bool whole, receive_more(size_, sizeof(size_)));
    if (!whole) return std::optional<Answer>();
    const auto size = load_big_endian<int32_t>(size_);
    if (size < 0 || static_cast<size_t>(size) > kLargestAnswer) {
      return failed("this is no Kafka broker, or one that wants TLS");
    }
    text_bytes_ = static_cast<size_t>(size);
    text_ = memory_.take(text_bytes_);
    phase_ = Phase::kText;
    done_ = 0;
  }
  ASSIGN_OR_RETURN(const bool whole, receive_more(text_->bytes.get(), text_bytes_));
  if (!whole) return std::optional<Answer>();
  phase_ = Phase::kIdle;
  const std::string_view text(text_->bytes.get(), text_bytes_);
  return std::optional(Answer{std::move(text_), text});
}

}  // namespace lakeward::connectors::kafka::fetch
