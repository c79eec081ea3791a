#include "connectors/kafka/message_block.h"

#include <algorithm>
#include <utility>

#include "base/reuse.h"

namespace lakeward::connectors::kafka {
namespace {

// Room for some thousand usual messages, and little enough to stay in a core's cache.
constexpr size_t kChunkBytes = 512 << 10;
// Memory of up to this size is kept for the next messages, and more if they need about as much.
constexpr size_t kAlwaysKept = 1 << 20;
constexpr size_t kKeptPerUsed = 4;

}  // namespace

char* MessageBlock::allocate(size_t size) {
  Chunk* chunk = chunks_.empty() ? nullptr : &chunks_.back();
  if (chunk == nullptr || chunk->capacity - chunk->used < size) {
    add_chunk(size);
    chunk = &chunks_.back();
  }
  char* const place = chunk->bytes.get() + chunk->used;
  chunk->used += size;
  return place;
}

void MessageBlock::hold(std::shared_ptr<const void> memory) {
  if (held_.empty() || held_.back() != memory) held_.push_back(std::move(memory));
}

void MessageBlock::reserve(size_t messages) {
  // At least doubling, as push_back() would.
  const size_t size = records_.size() + messages;
  if (size <= records_.capacity()) return;
  records_.reserve(std::max(size, 2 * records_.capacity()));
  offsets_.reserve(std::max(size, 2 * offsets_.capacity()));
}

void MessageBlock::clear() {
  held_.clear();
  // What was made for a very long message is not kept for ever.
  std::erase_if(chunks_, [](const Chunk& chunk) {
    return chunk.capacity > std::max(kAlwaysKept, kKeptPerUsed * chunk.used);
  });
  if (!chunks_.empty()) {
    const auto largest =
        std::max_element(chunks_.begin(), chunks_.end(),
                         [](const Chunk& a, const Chunk& b) { return a.capacity < b.capacity; });
    std::swap(chunks_.front(), *largest);
    chunks_.resize(1);
    chunks_.front().used = 0;
  }
  records_.clear();
  offsets_.clear();
  keys_.clear();
  timestamps_.clear();
  timestamps_ms_.clear();
  headers_.clear();
  payload_bytes_ = 0;
}

void MessageBlock::add_chunk(size_t size) {
  Chunk chunk;
  chunk.capacity = std::max(size, kChunkBytes);
  chunk.bytes = std::make_unique_for_overwrite<char[]>(chunk.capacity + format::kPadding);
  chunks_.push_back(std::move(chunk));
}

format::RecordBatch MessageBlock::batch(size_t first, size_t count) const {
  format::RecordBatch batch;
  batch.records = std::span(records_).subspan(first, count);
  batch.offsets = std::span(offsets_).subspan(first, count);
  if (!keys_.empty()) batch.keys = std::span(keys_).subspan(first, count);
  if (!timestamps_.empty()) batch.timestamps = std::span(timestamps_).subspan(first, count);
  if (!timestamps_ms_.empty()) {
    batch.timestamps_ms = std::span(timestamps_ms_).subspan(first, count);
  }
  if (!headers_.empty()) batch.headers = std::span(headers_).subspan(first, count);
  return batch;
}

std::shared_ptr<MessageBlock> MessageBlockPool::take() {
  for (const std::shared_ptr<MessageBlock>& kept : blocks_) {
    std::shared_ptr<MessageBlock> block = take_back(kept);
    if (block == nullptr) continue;
    block->clear();
    return block;
  }
  blocks_.push_back(std::make_shared<MessageBlock>());
  return blocks_.back();
}

}  // namespace lakeward::connectors::kafka
