#include "connectors/file/record_reader.h"

#include <algorithm>
#include <atomic>
#include <span>
#include <utility>

#include "connectors/block.h"
#include "connectors/file/framed_blocks.h"
#include "connectors/file/line_blocks.h"
#include "connectors/file/picked_lines.h"

namespace lakeward::connectors::file {
namespace {

using format::Position;

// A piece of work: large enough to hide its first read, small enough to share a file fairly.
constexpr uint64_t kPieceBytes = 4 << 20;

// What one thread takes at a time: a split, or a range of a plain file of lines.
struct Piece {
  uint32_t split = 0;
  uint64_t from = 0;
  uint64_t to = UINT64_MAX;
};

// What all threads of a reader share.
struct Shared {
  std::vector<FileSplit> splits;
  std::vector<std::shared_ptr<const format::Provenance>> provenance;  // one for each split
  std::vector<Piece> pieces;
  ReadOptions options;
  std::atomic<size_t> next_piece{0};

  // The places in `split` that are asked for, if not all are.
  std::vector<uint64_t> places_of(uint32_t split) const {
    const auto& only = options.only;
    auto begin = std::lower_bound(only.begin(), only.end(), Position::make(split, 0));
    std::vector<uint64_t> places;
    for (; begin != only.end() && Position::split(*begin) == split; ++begin) {
      places.push_back(Position::place(*begin));
    }
    return places;
  }
};

bool is_divisible(const FileSplit& split, const ReadOptions& options) {
  return options.framing == format::Framing::kLines && split.compression == Compression::kNone &&
         split.to && options.only.empty() && !options.count_lines;
}

std::vector<Piece> divide(const std::vector<FileSplit>& splits, const ReadOptions& options) {
  std::vector<Piece> pieces;
  for (uint32_t number = 0; number < splits.size(); ++number) {
    const FileSplit& split = splits[number];
    if (!options.only.empty()) {
      const auto first =
          std::lower_bound(options.only.begin(), options.only.end(), Position::make(number, 0));
      if (first == options.only.end() || Position::split(*first) != number) continue;
    }
    if (!is_divisible(split, options)) {
      pieces.push_back({number, split.from, split.to.value_or(UINT64_MAX)});
      continue;
    }
    for (uint64_t from = split.from; from < *split.to; from += kPieceBytes) {
      pieces.push_back({number, from, std::min(from + kPieceBytes, *split.to)});
    }
  }
  return pieces;
}

// Leaves in the block only the records at `places`.
void keep_only(CutBlock& block, std::span<const uint64_t> places) {
  size_t kept = 0;
  for (size_t i = 0; i < block.records.size(); ++i) {
    if (!std::binary_search(places.begin(), places.end(), block.records[i].place)) continue;
    block.records[kept] = block.records[i];
    if (!block.lines.empty()) block.lines[kept] = block.lines[i];
    ++kept;
  }
  block.records = block.records.first(kept);
  if (!block.lines.empty()) block.lines = block.lines.first(kept);
}

class FileRecordStream final : public stream::RecordStream {
 public:
  explicit FileRecordStream(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  Result<std::optional<format::RecordBatch>> next() override {
    while (true) {
      if (blocks_ == nullptr) {
        const size_t number = shared_->next_piece.fetch_add(1);
        if (number >= shared_->pieces.size()) return std::optional<format::RecordBatch>();
        RETURN_IF_ERROR(open(shared_->pieces[number]));
      }
      ASSIGN_OR_RETURN(CutBlock block, blocks_->next());
      if (block.records.empty()) {
        blocks_ = nullptr;
        continue;
      }
      if (!places_.empty()) keep_only(block, places_);
      if (!block.records.empty()) return std::optional(batch_of(std::move(block)));
    }
  }

 private:
  Status open(const Piece& piece) {
    split_ = piece.split;
    named_ = nullptr;
    places_ = shared_->places_of(piece.split);
    const FileSplit& split = shared_->splits[piece.split];
    const ReadOptions& options = shared_->options;
    const uint64_t limit = split.to.value_or(UINT64_MAX);
    if (options.framing != format::Framing::kLines) return open_framed(split, limit);
    if (!places_.empty() && split.compression == Compression::kNone && !options.count_lines) {
      ASSIGN_OR_RETURN(blocks_, open_picked_lines(split.path, std::move(places_), limit, pool_));
      places_.clear();
      return ok_status();
    }
    LineRange range{.path = split.path,
                    .compression = split.compression,
                    .from = piece.from,
                    .to = piece.to,
                    .limit = limit,
                    .from_line_start = piece.from == split.from,
                    .count_lines = options.count_lines};
    if (range.count_lines && piece.from > 0) {
      ASSIGN_OR_RETURN(range.first_line, line_number_at(split.path, piece.from));
    }
    ASSIGN_OR_RETURN(blocks_, LineBlocks::open(range, pool_));
    return ok_status();
  }

  Status open_framed(const FileSplit& split, uint64_t limit) {
    const ReadOptions& options = shared_->options;
    format::CutOptions cut{.framing = options.framing, .want_lines = options.count_lines};
    if (options.csv != nullptr) {
      cut.csv_delimiter = options.csv->delimiter;
      cut.csv_quote = options.csv->quote;
    }
    ASSIGN_OR_RETURN(std::unique_ptr<FramedBlocks> blocks,
                     FramedBlocks::open(split.path, split.compression, limit, cut));
    if (options.csv != nullptr && options.csv->header) {
      auto named = std::make_shared<format::Provenance>(*shared_->provenance[split_]);
      ASSIGN_OR_RETURN(named->header, blocks->take_header(*options.csv));
      named_ = std::move(named);
    }
    blocks_ = std::move(blocks);
    return ok_status();
  }

  format::RecordBatch batch_of(CutBlock block) const {
    format::RecordBatch batch;
    batch.provenance = named_ != nullptr ? named_ : shared_->provenance[split_];
    batch.records = block.records;
    batch.lines = block.lines;
    batch.owner = std::move(block.owner);
    return batch;
  }

  std::shared_ptr<Shared> shared_;
  BlockPool pool_;
  uint32_t split_ = 0;
  std::vector<uint64_t> places_;                     // to be picked from the blocks, if not empty
  std::shared_ptr<const format::Provenance> named_;  // of a CSV file with a header
  std::unique_ptr<RecordBlocks> blocks_;
};

class FileRecordReader final : public stream::RecordReader {
 public:
  explicit FileRecordReader(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  size_t max_threads() const override { return std::max<size_t>(1, shared_->pieces.size()); }
  Result<std::unique_ptr<stream::RecordStream>> make_stream() override {
    return std::unique_ptr<stream::RecordStream>(std::make_unique<FileRecordStream>(shared_));
  }

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace

std::unique_ptr<stream::RecordReader> make_record_reader(std::vector<FileSplit> splits,
                                                         ReadOptions options) {
  auto shared = std::make_shared<Shared>();
  for (uint32_t number = 0; number < splits.size(); ++number) {
    auto provenance = std::make_shared<format::Provenance>();
    provenance->has_lines = true;
    provenance->split = number;
    provenance->file = splits[number].path;
    shared->provenance.push_back(std::move(provenance));
  }
  shared->pieces = divide(splits, options);
  shared->splits = std::move(splits);
  shared->options = std::move(options);
  return std::make_unique<FileRecordReader>(std::move(shared));
}

}  // namespace lakeward::connectors::file
