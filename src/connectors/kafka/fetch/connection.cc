#include "connectors/kafka/fetch/connection.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/check.h"
#include "base/reuse.h"
#include "connectors/kafka/fetch/socket.h"
#include "connectors/kafka/fetch/wire.h"
#include "format/record_batch.h"

namespace lakeward::connectors::kafka::fetch {
namespace {

// What an answer may have at most: a broker that says more is none.
constexpr size_t kLargestAnswer = size_t{1} << 30;
// And before it has let us in.
constexpr size_t kLargestIntroduction = 256 << 10;
// Services end connections that were idle for longer; some without a word, so that the next
// question would wait for an answer in vain. Azure Event Hubs: after four minutes.
constexpr std::chrono::minutes kLongestIdle{3};
// Logins are not repeated more often, whatever a broker says of their end.
constexpr std::chrono::seconds kShortestSession{1};
// Free blocks are kept up to this many.
constexpr size_t kFreeBlocks = 4;
constexpr size_t kSmallestBlock = 64 << 10;

// Sizes are powers of two, so that an answer fits where one of about its size was. Memory that an
// answer does not reach is never touched.
size_t block_size(size_t answer) {
  return std::bit_ceil(std::max(answer + format::kPadding, kSmallestBlock));
}

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

Connection::Connection(BrokerAddress address, std::string client_id, Security security,
                       AnswerMemory& memory)
    : address_(std::move(address)),
      client_id_(std::move(client_id)),
      security_(std::move(security)),
      memory_(memory) {}

void Connection::close() {
  stream_.reset();
  introduction_.reset();
  phase_ = Phase::kClosed;
  text_.reset();
  // It may hold a password.
  question_.clear();
}

Status Connection::failed(const Status& why) {
  close();
  return why.with_context(address_.host + ":" + std::to_string(address_.port));
}

Status Connection::open() {
  close();
  since_ = Clock::now();
  session_end_.reset();
  std::unique_ptr<SaslClient> sasl;
  if (security_.login) {
    Result<std::unique_ptr<SaslClient>> made = security_.login();
    if (!made.ok()) return failed(made.status());
    sasl = std::move(*made);
  }
  // Another of the host's addresses each time: one may be out of reach.
  Result<std::unique_ptr<ByteStream>> stream = Socket::connect(address_, attempts_++);
  if (stream.ok() && security_.tls != nullptr) {
    stream = security_.tls->encrypt(std::move(*stream), address_.host);
  }
  if (!stream.ok()) return failed(stream.status());
  stream_ = std::move(*stream);
  introduction_ = std::make_unique<Introduction>(client_id_, std::move(sasl));
  phase_ = Phase::kEstablishing;
  return ok_status();
}

Connection::Clock::time_point Connection::expires() const {
  const Clock::time_point idle_for_long = since_ + kLongestIdle;
  return session_end_ ? std::min(*session_end_, idle_for_long) : idle_for_long;
}

Status Connection::ask(std::string question) {
  CHECK(is_idle(), "one question at a time");
  since_ = Clock::now();
  const Status status = begin(std::move(question));
  return status.ok() ? status : failed(status);
}

Status Connection::begin(std::string question) {
  question_ = std::move(question);
  done_ = 0;
  phase_ = Phase::kAsking;
  return send_more().status();
}

Result<bool> Connection::send_more() {
  while (done_ < question_.size()) {
    ASSIGN_OR_RETURN(const size_t sent, stream_->send(std::string_view(question_).substr(done_)));
    if (sent == 0) return false;
    done_ += sent;
  }
  question_.clear();
  phase_ = Phase::kSize;
  done_ = 0;
  return true;
}

Result<bool> Connection::receive_more(char* into, size_t size) {
  while (done_ < size) {
    ASSIGN_OR_RETURN(const size_t got, stream_->receive(into + done_, size - done_));
    if (got == 0) return false;
    done_ += got;
    if (introduction_ == nullptr) since_ = Clock::now();
  }
  return true;
}

size_t Connection::largest_answer() const {
  return introduction_ == nullptr ? kLargestAnswer : kLargestIntroduction;
}

Result<std::optional<Answer>> Connection::proceed() {
  if (phase_ == Phase::kIdle) {
    watch_idle();
    return std::optional<Answer>();
  }
  Result<std::optional<Answer>> answer = proceed_open();
  if (!answer.ok()) return failed(answer.status());
  return answer;
}

// Nothing was asked: only an end can have come, or what belongs to TLS itself.
void Connection::watch_idle() {
  char unasked = 0;
  const Result<size_t> got = stream_->receive(&unasked, 1);
  if (!got.ok() || *got > 0) close();
}

Result<std::optional<Answer>> Connection::proceed_open() {
  if (phase_ == Phase::kEstablishing) {
    ASSIGN_OR_RETURN(const bool established, stream_->establish());
    if (!established) return std::optional<Answer>();
    RETURN_IF_ERROR(begin(introduction_->first()));
  }
  while (phase_ != Phase::kIdle) {
    if (phase_ == Phase::kAsking) {
      ASSIGN_OR_RETURN(const bool sent, send_more());
      if (!sent) break;
    }
    if (phase_ == Phase::kSize) {
      ASSIGN_OR_RETURN(const bool whole, receive_more(size_, sizeof(size_)));
      if (!whole) break;
      const auto size = load_big_endian<int32_t>(size_);
      if (size < 0 || static_cast<size_t>(size) > largest_answer()) {
        return unavailable("this is no Kafka broker, or one that wants TLS");
      }
      text_bytes_ = static_cast<size_t>(size);
      text_ = memory_.take(text_bytes_);
      phase_ = Phase::kText;
      done_ = 0;
    }
    ASSIGN_OR_RETURN(const bool whole, receive_more(text_->bytes.get(), text_bytes_));
    if (!whole) break;
    phase_ = Phase::kIdle;
    const std::string_view text(text_->bytes.get(), text_bytes_);
    if (introduction_ == nullptr) return std::optional(Answer{std::move(text_), text});
    RETURN_IF_ERROR(introduce(text));
  }
  return std::optional<Answer>();
}

// Goes on with the introduction, to which this is an answer.
Status Connection::introduce(std::string_view answer) {
  ASSIGN_OR_RETURN(std::optional<std::string> next, introduction_->next(answer));
  text_.reset();
  if (next) return begin(std::move(*next));
  since_ = Clock::now();
  if (const auto session = introduction_->session()) {
    session_end_ = since_ + std::max<Clock::duration>(*session * 4 / 5, kShortestSession);
  }
  versions_ = introduction_->versions();
  introduction_.reset();
  return ok_status();
}

bool Connection::has(int16_t api, int16_t version) const {
  const auto range = versions_.find(api);
  return range != versions_.end() && range->second.has(version);
}

}  // namespace lakeward::connectors::kafka::fetch
