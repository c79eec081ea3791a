#include "connectors/kafka/fetch/fetch_budget.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "format/record_batch.h"

namespace lakeward::connectors::kafka::fetch {
namespace {

// A piece of this part of a block's memory, or more, stays in it. What producers send together
// fills several of these: a copy of it would cost more than the memory that it saves.
constexpr size_t kLargePart = 8;
// What the queue and the allocator need beside a piece.
constexpr size_t kOverhead = 512;

// Counted as long as it lives.
class Held {
 public:
  Held(std::shared_ptr<FetchBudget> budget, size_t bytes)
      : budget_(std::move(budget)), bytes_(bytes) {
    budget_->take(bytes_);
  }
  ~Held() {
    block.reset();  // before others are told that there is room
    copy.reset();
    budget_->give_back(bytes_);
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

  std::shared_ptr<const void> block;
  std::unique_ptr<char[]> copy;

 private:
  const std::shared_ptr<FetchBudget> budget_;
  const size_t bytes_;
};

size_t bytes_of(const Answer& answer) {
  const auto& block = *static_cast<const AnswerMemory::Block*>(answer.memory.get());
  CHECK(block.bytes.get() == answer.text.data() &&
            block.size >= answer.text.size() + format::kPadding,
        "an answer is at the beginning of its block");
  return block.size;
}

}  // namespace

FetchBudget::FetchBudget(size_t limit)
    : limit_(limit), wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  CHECK(wake_ >= 0, "the system has no more file descriptors");
}

FetchBudget::~FetchBudget() { ::close(wake_); }

void FetchBudget::give_back(size_t bytes) {
  const size_t before = held_.fetch_sub(bytes);
  if (before >= limit_ && before - bytes < limit_) wake();
}

void FetchBudget::wake() const {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof(one));
}

void FetchBudget::clear_wakes() const {
  uint64_t wakes = 0;
  [[maybe_unused]] const ssize_t got = ::read(wake_, &wakes, sizeof(wakes));
}

AnswerKeeper::AnswerKeeper(std::shared_ptr<FetchBudget> budget, const Answer& answer)
    : budget_(std::move(budget)), answer_(answer), block_bytes_(bytes_of(answer)) {}

KeptPiece AnswerKeeper::keep(std::string_view piece) {
  if (piece.size() >= block_bytes_ / kLargePart) {
    if (whole_ == nullptr) {
      auto held = std::make_shared<Held>(budget_, block_bytes_ + kOverhead);
      held->block = answer_.memory;
      whole_ = std::move(held);
    }
    return {whole_, piece};
  }
  const size_t size = piece.size() + format::kPadding;
  auto held = std::make_shared<Held>(budget_, size + kOverhead);
  held->copy = std::make_unique_for_overwrite<char[]>(size);
  std::memcpy(held->copy.get(), piece.data(), size);
  const std::string_view copied(held->copy.get(), piece.size());
  return {std::move(held), copied};
}

}  // namespace lakeward::connectors::kafka::fetch
