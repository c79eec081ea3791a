#include "format/framing.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <string>
#include <utility>

#include "format/splitters.h"

namespace lakeward::format {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr size_t kPooledBlocks = 8;

}  // namespace

struct RecordCutter::Block {
  std::unique_ptr<char[]> bytes;
  size_t capacity = 0;  // without the padding
};

// Blocks that nobody uses any more, for use again: fresh memory costs page faults. Thread-safe.
class RecordCutter::BlockPool {
 public:
  static std::shared_ptr<Block> take(const std::shared_ptr<BlockPool>& pool, size_t capacity) {
    std::unique_ptr<Block> block = pool->find(capacity);
    if (block == nullptr) {
      block = std::make_unique<Block>();
      block->bytes.reset(new char[capacity + kPadding]);  // not zeroed: it is about to be written
      block->capacity = capacity;
    }
    return {block.release(), [pool](Block* unused) { pool->give(std::unique_ptr<Block>(unused)); }};
  }

 private:
  std::unique_ptr<Block> find(size_t capacity) {
    const std::lock_guard lock(mutex_);
    for (auto& candidate : unused_) {
      // One that had to grow for a single large record does not stay.
      if (candidate->capacity < capacity || candidate->capacity / 2 > capacity) continue;
      std::swap(candidate, unused_.back());
      std::unique_ptr<Block> block = std::move(unused_.back());
      unused_.pop_back();
      return block;
    }
    if (!unused_.empty()) unused_.pop_back();
    return nullptr;
  }

  void give(std::unique_ptr<Block> block) {
    const std::lock_guard lock(mutex_);
    if (unused_.size() < kPooledBlocks) unused_.push_back(std::move(block));
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<Block>> unused_;
};

RecordCutter::RecordCutter(const CutOptions& options)
    : options_(options),
      splitter_(make_splitter(options)),
      pool_(std::make_shared<BlockPool>()),
      place_(options.first_place),
      line_(options.first_line) {
  const bool range = options.drop_first || options.end_place != CutOptions{}.end_place;
  CHECK(!range || options.framing == Framing::kLines, "only lines can be read by byte range");
}
RecordCutter::~RecordCutter() = default;
RecordCutter::RecordCutter(RecordCutter&&) noexcept = default;

std::span<char> RecordCutter::space(size_t size) {
  const size_t carried = end_ - begin_;
  if (block_ == nullptr || lent_ || block_->capacity - end_ < size) {
    // A record that is longer than a block doubles it, so that each byte is moved only a few times.
    constexpr size_t kRound = 64 << 10;  // so that blocks can be used again
    const size_t needed = (carried + std::max(size, carried) + kRound - 1) / kRound * kRound;
    std::shared_ptr<Block> block = BlockPool::take(pool_, needed);
    if (carried > 0) std::memcpy(block->bytes.get(), block_->bytes.get() + begin_, carried);
    block_ = std::move(block);
    begin_ = 0;
    end_ = carried;
    lent_ = false;
  }
  return {block_->bytes.get() + end_, block_->capacity - end_};
}

Result<CutRecords> RecordCutter::cut(size_t bytes) {
  CHECK(block_ != nullptr && !lent_ && bytes <= block_->capacity - end_,
        "cut() follows space(), with no more bytes than that gave");
  end_ += bytes;
  std::memset(block_->bytes.get() + end_, 0, kPadding);
  return split(false);
}

Result<CutRecords> RecordCutter::feed(std::string_view block) {
  const std::span<char> place = space(block.size());
  if (!block.empty()) std::memcpy(place.data(), block.data(), block.size());
  return cut(block.size());
}

Result<CutRecords> RecordCutter::finish() {
  RETURN_IF_ERROR(failure_);
  if (block_ == nullptr) return CutRecords{};
  return split(true);
}

// Passes over the next bytes.
void RecordCutter::advance(size_t bytes) {
  if (options_.want_lines) line_ += count_line_ends(rest().substr(0, bytes));
  begin_ += bytes;
  place_ += bytes;
}

std::string_view RecordCutter::rest() const {
  return {block_->bytes.get() + begin_, end_ - begin_};
}

// Passes over what stands before the first record; false if more bytes are needed for that.
bool RecordCutter::start(bool last) {
  if (place_ == 0) {
    if (!last && rest().size() < kByteOrderMark.size()) return false;
    if (rest().starts_with(kByteOrderMark)) advance(kByteOrderMark.size());
  }
  if (!options_.drop_first) return true;
  const size_t end = rest().find('\n');
  advance(end == std::string_view::npos ? rest().size() : end + 1);
  return end != std::string_view::npos;
}

Result<CutRecords> RecordCutter::split(bool last) {
  RETURN_IF_ERROR(failure_);
  CutRecords cut;
  started_ = started_ || start(last);
  if (!started_ || done_) return cut;
  const Result<size_t> consumed = splitter_->split(rest(), place_, last, cut.records);
  if (!consumed.ok()) return failure_ = consumed.status();
  done_ = place_ + *consumed >= options_.end_place;
  while (!cut.records.empty() && cut.records.back().place >= options_.end_place) {
    cut.records.pop_back();
  }
  if (!cut.records.empty()) {
    cut.owner = block_;
    lent_ = true;
  }
  const size_t end = begin_ + *consumed;
  if (options_.want_lines) {
    for (const Record& record : cut.records) {
      advance(record.place - place_);
      cut.lines.push_back(line_);
    }
  }
  advance(end - begin_);
  if (end_ - begin_ > options_.max_record_bytes) {
    return failure_ =
               corruption("the record at byte " + std::to_string(place_) + " is longer than " +
                          std::to_string(options_.max_record_bytes) + " bytes");
  }
  return cut;
}

uint64_t count_line_ends(std::string_view bytes) {
  return static_cast<uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
}

}  // namespace lakeward::format
