#include "connectors/block.h"

#include <cstring>
#include <utility>

#include "base/reuse.h"

namespace lakeward::connectors {
namespace {

// A larger one was grown for a very long record; it is let go rather than kept for the next.
constexpr size_t kKeptCapacity = 8 << 20;

}  // namespace

void Block::grow(size_t wanted, size_t used) {
  if (wanted <= capacity) return;
  auto larger = std::make_unique_for_overwrite<char[]>(wanted + format::kPadding);
  if (used > 0) std::memcpy(larger.get(), bytes.get(), used);
  bytes = std::move(larger);
  capacity = wanted;
}

std::shared_ptr<Block> BlockPool::take(size_t capacity) {
  std::erase_if(blocks_, [](const std::shared_ptr<Block>& block) {
    return block.use_count() == 1 && block->capacity > kKeptCapacity;
  });
  for (const std::shared_ptr<Block>& kept : blocks_) {
    std::shared_ptr<Block> block = take_back(kept);
    if (block == nullptr) continue;
    block->records.clear();
    block->lines.clear();
    block->grow(capacity, 0);
    return block;
  }
  blocks_.push_back(std::make_shared<Block>());
  blocks_.back()->grow(capacity, 0);
  return blocks_.back();
}

CutBlock as_cut(std::shared_ptr<Block> block) {
  CutBlock cut;
  cut.records = block->records;
  cut.lines = block->lines;
  cut.owner = std::move(block);
  return cut;
}

}  // namespace lakeward::connectors
