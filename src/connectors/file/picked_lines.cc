#include "connectors/file/picked_lines.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "connectors/file/line_blocks.h"

namespace lakeward::connectors::file {
namespace {

constexpr size_t kStepBytes = 64 << 10;
constexpr size_t kScanBytes = 512 << 10;
// Records in a block at most.
constexpr size_t kPicked = 1024;

class PickedLines final : public RecordBlocks {
 public:
  PickedLines(FileHandle file, std::vector<uint64_t> places, uint64_t limit, BlockPool& pool)
      : file_(std::move(file)), places_(std::move(places)), limit_(limit), pool_(pool) {}

  // The block holds one stretch of the file, from the next place on, and all places whose lines
  // are whole in it.
  Result<CutBlock> next() override {
    if (next_ == places_.size()) return CutBlock{};
    std::shared_ptr<Block> block = pool_.take(kStepBytes);
    const uint64_t base = places_[next_];
    size_t filled = 0;
    bool end_of_file = false;
    while (true) {
      if (filled == block->capacity) block->grow(block->capacity * 2, filled);
      const size_t room =
          std::min<uint64_t>(block->capacity - filled, limit_ - std::min(limit_, base + filled));
      ASSIGN_OR_RETURN(const size_t got,
                       file_.read_at(block->bytes.get() + filled, room, base + filled));
      end_of_file = got == 0;
      const size_t searched = filled;
      filled += got;
      if (end_of_file ||
          std::memchr(block->bytes.get() + searched, '\n', filled - searched) != nullptr) {
        break;
      }
    }
    const char* const bytes = block->bytes.get();
    while (next_ < places_.size() && block->records.size() < kPicked) {
      const uint64_t at = places_[next_] - base;
      if (at >= filled) break;
      const void* found = std::memchr(bytes + at, '\n', filled - at);
      if (found == nullptr && !end_of_file) break;
      const char* end = found == nullptr ? bytes + filled : static_cast<const char*>(found);
      if (end > bytes + at && end[-1] == '\r') --end;
      block->records.push_back(
          {{bytes + at, static_cast<size_t>(end - (bytes + at))}, places_[next_]});
      ++next_;
    }
    if (!block->records.empty()) return as_cut(std::move(block));
    return corruption(file_.path() + " is shorter than byte " + std::to_string(base) +
                      ", where it held a record when it was read before; put the file back as it "
                      "was and run again");
  }

 private:
  FileHandle file_;
  std::vector<uint64_t> places_;
  size_t next_ = 0;
  uint64_t limit_;
  BlockPool& pool_;
};

}  // namespace

Result<std::unique_ptr<RecordBlocks>> open_picked_lines(const std::string& path,
                                                        std::vector<uint64_t> places,
                                                        uint64_t limit, BlockPool& pool) {
  ASSIGN_OR_RETURN(FileHandle file, FileHandle::open(path));
  return std::unique_ptr<RecordBlocks>(
      std::make_unique<PickedLines>(std::move(file), std::move(places), limit, pool));
}

Result<uint64_t> line_number_at(const std::string& path, uint64_t offset) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ByteStream> bytes, open_range(path, 0, offset));
  const auto buffer = std::make_unique_for_overwrite<char[]>(kScanBytes);
  uint64_t number = 1;
  while (true) {
    ASSIGN_OR_RETURN(const size_t got, bytes->read(buffer.get(), kScanBytes));
    if (got == 0) return number;
    number += static_cast<uint64_t>(std::count(buffer.get(), buffer.get() + got, '\n'));
  }
}

Result<uint64_t> line_end_after(const std::string& path, uint64_t from, uint64_t wanted,
                                uint64_t limit) {
  uint64_t at = from + std::max<uint64_t>(wanted, 1) - 1;
  if (at >= limit) return limit;
  ASSIGN_OR_RETURN(const std::unique_ptr<ByteStream> bytes, open_range(path, at, limit));
  const auto buffer = std::make_unique_for_overwrite<char[]>(kStepBytes);
  while (true) {
    ASSIGN_OR_RETURN(const size_t got, bytes->read(buffer.get(), kStepBytes));
    if (got == 0) return limit;
    const void* found = std::memchr(buffer.get(), '\n', got);
    if (found != nullptr) {
      return at + static_cast<uint64_t>(static_cast<const char*>(found) - buffer.get()) + 1;
    }
    at += got;
  }
}

Result<Measure> measure_lines(const std::string& path, Compression compression, uint64_t from,
                              uint64_t limit, uint64_t max_records) {
  BlockPool pool;
  const LineRange range{
      .path = path, .compression = compression, .from = from, .to = limit, .limit = limit};
  ASSIGN_OR_RETURN(const std::unique_ptr<LineBlocks> blocks, LineBlocks::open(range, pool));
  Measure measure{.to = limit};
  while (true) {
    ASSIGN_OR_RETURN(const CutBlock block, blocks->next());
    if (block.records.empty()) return measure;
    const size_t left = max_records - measure.records;
    if (block.records.size() > left) {
      // The next epoch begins with the first record that does not fit.
      measure.to = block.records[left].place;
      measure.records = max_records;
      return measure;
    }
    measure.records += block.records.size();
  }
}

}  // namespace lakeward::connectors::file
