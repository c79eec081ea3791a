// Reusable memory for records on their way to a decoder.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "format/record_batch.h"

namespace lakeward::connectors {

// Bytes with format::kPadding more behind them, and the records cut from them.
struct Block {
  std::unique_ptr<char[]> bytes;
  size_t capacity = 0;  // without the padding
  std::vector<format::Record> records;
  std::vector<uint64_t> lines;

  // Makes room for `wanted` bytes; the first `used` are kept.
  void grow(size_t wanted, size_t used);
};

// Hands out blocks and takes them back when nobody holds them any more. Used by one thread; the
// blocks may be let go by any thread.
class BlockPool {
 public:
  // A block with room for at least `capacity` bytes and no records.
  std::shared_ptr<Block> take(size_t capacity);

 private:
  std::vector<std::shared_ptr<Block>> blocks_;
};

// Some records with the memory that they are in.
struct CutBlock {
  std::shared_ptr<const void> owner;
  std::span<format::Record> records;
  std::span<uint64_t> lines;  // one for each record, if asked for
};

// The records of a file, or of a range of one, in order: a block at a time.
class RecordBlocks {
 public:
  virtual ~RecordBlocks() = default;
  // A block with at least one record, or without any at the end.
  virtual Result<CutBlock> next() = 0;
};

CutBlock as_cut(std::shared_ptr<Block> block);

}  // namespace lakeward::connectors
