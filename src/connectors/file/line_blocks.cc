#include "connectors/file/line_blocks.h"

#include <algorithm>
#include <cstring>

namespace lakeward::connectors::file {
namespace {

// Small enough for a core's second-level cache together with what the decoder makes of it.
constexpr size_t kBlockBytes = 512 << 10;
// A step past the end of a range, to the end of its last line.
constexpr size_t kTailBytes = 64 << 10;

const char* find_line_end(const char* begin, const char* end) {
  return static_cast<const char*>(std::memchr(begin, '\n', static_cast<size_t>(end - begin)));
}

bool is_blank(const char* begin, const char* end) {
  while (begin != end && (*begin == ' ' || *begin == '\t' || *begin == '\r')) ++begin;
  return begin == end;
}

}  // namespace

Result<std::unique_ptr<LineBlocks>> LineBlocks::open(const LineRange& range, BlockPool& pool) {
  std::unique_ptr<ByteStream> bytes;
  // One byte earlier: if it is a line end, the line at `from` is ours.
  const uint64_t begin = range.from - (range.from_line_start ? 0 : 1);
  if (range.compression == Compression::kNone) {
    ASSIGN_OR_RETURN(bytes, open_range(range.path, begin, range.limit));
  } else {
    ASSIGN_OR_RETURN(bytes, open_compressed(range.path, range.compression));
  }
  std::unique_ptr<LineBlocks> blocks(new LineBlocks(range, pool, std::move(bytes)));
  blocks->base_ = begin;
  blocks->skipping_ = !range.from_line_start;
  blocks->line_ = range.first_line;
  return blocks;
}

Result<CutBlock> LineBlocks::next() {
  while (!done_) {
    ASSIGN_OR_RETURN(std::shared_ptr<Block> block, next_block());
    if (!block->records.empty()) return as_cut(std::move(block));
  }
  return CutBlock{};
}

Result<std::shared_ptr<Block>> LineBlocks::next_block() {
  std::shared_ptr<Block> block = pool_.take(std::max(kBlockBytes, carry_size_ + kTailBytes));
  size_t filled = carry_size_;
  if (carry_size_ > 0) {
    std::memcpy(block->bytes.get(), previous_->bytes.get() + carry_begin_, carry_size_);
  }
  previous_.reset();
  searched_ = carry_size_;
  std::optional<size_t> end;
  while (!end) {
    if (filled == block->capacity) block->grow(block->capacity * 2, filled);
    const uint64_t offset = base_ + filled;
    size_t room = block->capacity - filled;
    room = std::min<uint64_t>(room, offset < range_.to ? range_.to - offset : kTailBytes);
    ASSIGN_OR_RETURN(const size_t got, bytes_->read(block->bytes.get() + filled, room));
    end_of_file_ = got == 0;
    filled += got;
    const bool full = filled == block->capacity || base_ + filled >= range_.to;
    if (full || end_of_file_) end = find_cut(block->bytes.get(), filled);
  }
  const size_t begin = skip_prefix(block->bytes.get(), *end);
  cut(*block, begin, *end);
  carry_begin_ = *end;
  carry_size_ = filled - *end;
  base_ += *end;
  if (carry_size_ > 0) previous_ = block;
  done_ = done_ || end_of_file_ || base_ >= range_.to;
  return block;
}

std::optional<size_t> LineBlocks::find_cut(const char* bytes, size_t filled) {
  if (end_of_file_) return filled;
  if (base_ + filled < range_.to) {
    // Inside the range: after the last line end. A line that we only skip need not be kept.
    const void* last = ::memrchr(bytes + searched_, '\n', filled - searched_);
    searched_ = filled;
    if (last == nullptr) return skipping_ ? std::optional(filled) : std::nullopt;
    return static_cast<const char*>(last) - bytes + 1;
  }
  // The range ends in this block: after the line that holds its last byte.
  const size_t last_byte = range_.to - base_ - 1;
  const char* line_end = find_line_end(bytes + std::max(last_byte, searched_), bytes + filled);
  if (line_end != nullptr) {
    done_ = true;
    return line_end - bytes + 1;
  }
  if (skipping_ && ::memchr(bytes, '\n', filled) == nullptr) {
    done_ = true;  // one line all through the range, and it is not ours
    return filled;
  }
  searched_ = std::max(filled, searched_);
  return std::nullopt;
}

size_t LineBlocks::skip_prefix(const char* bytes, size_t size) {
  if (skipping_) {
    const char* line_end = find_line_end(bytes, bytes + size);
    if (line_end == nullptr) return size;
    skipping_ = false;
    return line_end - bytes + 1;
  }
  const bool has_mark = base_ == 0 && size >= 3 && std::memcmp(bytes, "\xEF\xBB\xBF", 3) == 0;
  return has_mark ? 3 : 0;
}

void LineBlocks::cut(Block& block, size_t begin, size_t end) {
  const char* const bytes = block.bytes.get();
  const char* const stop = bytes + end;
  const char* line = bytes + begin;
  while (line < stop) {
    const char* line_end = find_line_end(line, stop);
    const char* next = line_end == nullptr ? stop : line_end + 1;
    const char* text_end = line_end == nullptr ? stop : line_end;
    if (text_end > line && text_end[-1] == '\r') --text_end;
    if (text_end > line && (static_cast<unsigned char>(*line) > ' ' || !is_blank(line, text_end))) {
      block.records.push_back({{line, static_cast<size_t>(text_end - line)},
                               base_ + static_cast<uint64_t>(line - bytes)});
      if (range_.count_lines) block.lines.push_back(line_);
    }
    ++line_;
    line = next;
  }
}

}  // namespace lakeward::connectors::file
