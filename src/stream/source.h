// Where records come from: the contract of every source.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "base/status.h"
#include "engine/schema.h"
#include "format/record_batch.h"

namespace lakeward::checkpoint {
class SourceLog;
}

namespace lakeward::stream {

// A place in a source, as one line of JSON in Apache Spark's form for that kind of source
// (docs/checkpoint.md). What lies between two offsets never changes.
using Offset = std::string;

// The half-open range of one epoch. No `from`: from where the source's options say it begins.
struct OffsetRange {
  std::optional<Offset> from;
  Offset to;
};

// How much one epoch may take; 0 means no limit. A source may exceed a limit only by one record, or
// by one file that cannot be split; one that is not told how large its records are keeps `bytes` by
// the size of those it has read. Without any limit, a source may set one of its own.
struct Limits {
  uint64_t rows = 0;
  uint64_t bytes = 0;
};

enum class PlanMode {
  kFollow,  // what is there now
  kDrain,   // `--once`: waits for what is about to be complete; what came after the first call of
            // this mode is left to the next run
};

// The records of a range on one thread.
class RecordStream {
 public:
  virtual ~RecordStream() = default;
  // The next batch (never empty), or nullopt at the end.
  virtual Result<std::optional<format::RecordBatch>> next() = 0;
};

// The records of a range, for several threads that share the work.
class RecordReader {
 public:
  virtual ~RecordReader() = default;
  virtual size_t max_threads() const = 0;
  // Called once a thread, from that thread. Together the streams yield each record exactly once.
  virtual Result<std::unique_ptr<RecordStream>> make_stream() = 0;
  // How many records of the range were deleted before they were read and are left out, where the
  // user's policy allows that. Known from the beginning.
  virtual uint64_t lost() const { return 0; }
};

// Input that the engine reads by itself (Parquet files, a table's rows): a SELECT, whose column
// `_position` (UBIGINT, see format::Position) names each row, followed by the columns of input.
struct InputRelation {
  std::string select;
  // For dead letters: the file of each split that positions name; a position's place is then the
  // number of the row in its file, from 0. Empty: rows have no files.
  std::vector<std::string> files = {};
};

using Input = std::variant<std::unique_ptr<RecordReader>, InputRelation>;

struct ReadRequest {
  OffsetRange range;
  // Only these positions, ascending, if not empty: rejected records are read again for dead
  // letters. An InputRelation may have other rows too; whoever asked leaves them out.
  std::span<const uint64_t> only;
  bool want_lines = false;  // fill RecordBatch::lines
  // Whether the records of a split must all come from one stream, in their order. A source whose
  // splits have no order that anybody relies on need not care.
  bool keep_order = false;
  // Whether RecordBatch::keys, timestamps and headers are used; a source may fill them even so.
  bool want_keys = true;
  bool want_timestamps = true;
  bool want_headers = true;
  // A stream that waits for records which do not come gives up, with Cancelled, once this is
  // requested. One that gets on need not look at it.
  std::stop_token stop = {};
};

// How far one of several independent parts of a source has been read.
struct PartLag {
  std::string part;       // "sensor_data/0"
  uint64_t position = 0;  // the next record to read
  uint64_t end = 0;       // behind the last one that is there
};

// How far a source is behind, for `status`; nullopt where it cannot be known cheaply.
struct SourceLag {
  std::optional<uint64_t> records;
  std::optional<uint64_t> bytes;
  std::string position;             // for people: "input/a.jsonl at 1,234 bytes", "version 12"
  std::vector<PartLag> parts = {};  // of a source that has some
  // What the next epoch will do about something that a user may want to know; mostly empty. Then
  // there are no numbers.
  std::string notice = {};
};

// Not thread-safe, save for the streams of a RecordReader. Errors that a retry can mend are
// Unavailable.
class Source {
 public:
  virtual ~Source() = default;

  // Called once, first. `log` is the source's own folder in the checkpoint and outlives the source.
  // Corruption if the log belongs to another kind of source.
  virtual Status attach(checkpoint::SourceLog& log) = 0;

  // The end of the next epoch that begins at `from`, or nullopt if there is nothing (yet, or, in
  // kDrain, any more). Whatever is needed to read the range again after a crash is durable when
  // this returns. An offset that was returned but never used is forgotten by planning again.
  virtual Result<std::optional<Offset>> plan(const std::optional<Offset>& from,
                                             const Limits& limits, PlanMode mode,
                                             std::stop_token stop) = 0;
  // Whether the last plan() left something for the next epoch, which then need not wait for its
  // time. Only of a source whose records do not tell it: those of an epoch may be fewer than what
  // its limits allowed.
  virtual bool left_behind() const { return false; }

  // The records of the range; may be called several times, also in a later process.
  virtual Result<Input> read(const ReadRequest& request) = 0;

  // The columns of an InputRelation; nullopt for a source of records (its decoder has the columns),
  // or if they are not known yet (an input table that does not exist).
  virtual Result<std::optional<engine::Schema>> relation_schema() { return {std::nullopt}; }

  // Everything before `to` is committed; the source may forget it.
  virtual Status acknowledge(const Offset& to) = 0;

  // Whether there is what the source needs beside what plan() asks for; changes nothing.
  virtual Status reach() { return ok_status(); }

  virtual Result<SourceLag> lag(const std::optional<Offset>& committed) = 0;
  // SourceLag::position, after each epoch: without asking anybody. For a source whose lag() asks.
  virtual Result<std::string> position(const Offset& committed) {
    ASSIGN_OR_RETURN(SourceLag known, lag(committed));
    return std::move(known.position);
  }
};

}  // namespace lakeward::stream
