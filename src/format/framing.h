// Cutting a stream of bytes (a file, decompressed; a body) into records.
//
//   RecordCutter cutter({.framing = Framing::kLines});
//   while (more) {
//     const std::span<char> space = cutter.space(1 << 20);
//     const size_t bytes = read(file, space.data(), space.size());
//     ASSIGN_OR_RETURN(CutRecords cut, bytes == 0 ? cutter.finish() : cutter.cut(bytes));
//     …
//   }
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "format/decoder.h"
#include "format/record_batch.h"

namespace lakeward::format {

struct CutOptions {
  Framing framing = Framing::kLines;
  // Of the stream's first byte. At 0, a byte order mark (EF BB BF) is skipped.
  uint64_t first_place = 0;
  // kLines only: a range [from, to) of a file has the lines that begin in it. Whoever reads it
  // begins at from - 1 (if from is not 0) with `drop_first`, which drops everything through the
  // first line end, and says end_place = to.
  bool drop_first = false;
  uint64_t end_place = std::numeric_limits<uint64_t>::max();
  // Fill CutRecords::lines; first_line is the number of the line that first_place is in.
  bool want_lines = false;
  uint64_t first_line = 1;
  char csv_delimiter = ',';
  char csv_quote = '"';
  // A record must fit into memory: a longer one is an error, not a rejection.
  uint64_t max_record_bytes = uint64_t{1} << 30;
};

// Records and the memory that they are in. `place` is the byte offset in the stream.
struct CutRecords {
  std::shared_ptr<const void> owner;
  std::vector<Record> records;
  std::vector<uint64_t> lines;  // one for each record, if asked for
};

// Finds where records begin and end in bytes that come in blocks. See framing.cc.
class RecordSplitter;

// The framings, in detail:
//   kLines      a record ends at "\n" or "\r\n" (not part of it) or with the stream. Lines of
//   nothing
//               but blanks are no records.
//   kCsv        the same, but for line ends inside of quoted fields. A field is quoted if it begins
//               with a quote.
//   kJsonArray  the elements of one array or of several, with any blanks between them. Elements are
//               cut by their brackets and strings only: whether they are JSON is for the decoder.
//   kWhole      the whole stream; one of nothing but blanks has no records.
// Not thread-safe. Errors: Corruption, with the byte offset: a record larger than max_record_bytes;
// text that is no array of elements, or an array that does not end. A cutter that has failed fails
// again.
class RecordCutter {
 public:
  explicit RecordCutter(const CutOptions& options);
  ~RecordCutter();
  RecordCutter(RecordCutter&&) noexcept;

  // Memory for the next block, `size` bytes or more: what is written there need not be copied. Good
  // until the next call.
  std::span<char> space(size_t size);
  // The records that end in the `bytes` bytes just written to space().
  Result<CutRecords> cut(size_t bytes);
  // The same for bytes that are elsewhere.
  Result<CutRecords> feed(std::string_view block);
  // The stream is over: the record at its end, if any.
  Result<CutRecords> finish();
  // Whether end_place is reached: no further record will come.
  bool done() const { return done_; }

 private:
  struct Block;
  class BlockPool;

  std::string_view rest() const;
  void advance(size_t bytes);
  bool start(bool last);
  Result<CutRecords> split(bool last);

  CutOptions options_;
  std::unique_ptr<RecordSplitter> splitter_;
  std::shared_ptr<BlockPool> pool_;
  std::shared_ptr<Block> block_;
  size_t begin_ = 0;    // in the block: the first byte that belongs to no record yet
  size_t end_ = 0;      // in the block: behind the last byte
  bool lent_ = false;   // records of this block were handed out: no byte of it may change
  uint64_t place_ = 0;  // of begin_ in the stream
  uint64_t line_ = 1;   // of begin_
  bool started_ = false;
  bool done_ = false;
  Status failure_;
};

// How many line ends `bytes` has.
uint64_t count_line_ends(std::string_view bytes);

}  // namespace lakeward::format
