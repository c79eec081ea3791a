// Cuts a file, or a range of one, into blocks of whole lines.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "connectors/block.h"
#include "connectors/file/bytes.h"

namespace lakeward::connectors::file {

// The lines that begin in [from, to) of a file. Its neighbours own the lines before and after, so
// that ranges can be read by different threads that know nothing of each other.
struct LineRange {
  std::string path;
  Compression compression = Compression::kNone;  // if not kNone: all of the file
  uint64_t from = 0;
  uint64_t to = UINT64_MAX;
  uint64_t limit = UINT64_MAX;  // bytes of the file that count, from its beginning
  bool from_line_start = true;  // `from` is known to be the beginning of a line
  bool count_lines = false;     // only if from_line_start
  uint64_t first_line = 1;      // the number of the line at `from`
};

// One range, in order. Memory: one block, and as much as the longest line. Not thread-safe.
class LineBlocks final : public RecordBlocks {
 public:
  static Result<std::unique_ptr<LineBlocks>> open(const LineRange& range, BlockPool& pool);

  // Record::place is the byte offset of the line. A line's end is "\n" or "\r\n"; lines of nothing
  // but blanks are no records, nor is a byte order mark at the beginning of the file part of its
  // first.
  Result<CutBlock> next() override;

 private:
  LineBlocks(const LineRange& range, BlockPool& pool, std::unique_ptr<ByteStream> bytes)
      : range_(range), pool_(pool), bytes_(std::move(bytes)) {}
  Result<std::shared_ptr<Block>> next_block();
  // Where the lines of this range end in the `filled` bytes at `base`, or nullopt: read on.
  std::optional<size_t> find_cut(const char* bytes, size_t filled);
  size_t skip_prefix(const char* bytes, size_t size);
  void cut(Block& block, size_t begin, size_t end);

  LineRange range_;
  BlockPool& pool_;
  std::unique_ptr<ByteStream> bytes_;
  std::shared_ptr<Block> previous_;  // holds the bytes of the line that the last block cut off
  size_t carry_begin_ = 0, carry_size_ = 0;
  uint64_t base_ = 0;    // the file offset of the next block's first byte
  size_t searched_ = 0;  // bytes of the block in which no line end is left to find
  uint64_t line_ = 1;
  bool skipping_ = false;  // still inside the line of the range before
  bool end_of_file_ = false;
  bool done_ = false;
};

}  // namespace lakeward::connectors::file
