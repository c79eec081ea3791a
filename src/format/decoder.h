// From payload bytes to columns.
//
// A Format says how records are framed and typed; its decoders write them straight into the
// engine's vectors. One record becomes exactly one row or one rejection, or, where a format says
// so, is skipped.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/chunk_writer.h"
#include "engine/schema.h"
#include "format/record_batch.h"

namespace lakeward::format {

// How a file's or body's bytes are cut into records.
enum class Framing {
  kLines,      // one record a line, "\n" or "\r\n"; blank lines are no records
  kCsv,        // one record a CSV row: a quoted field may hold line ends (RFC 4180)
  kJsonArray,  // the elements of one JSON array, or of arrays one after another
  kWhole,      // the whole object is one record
};

// A record that could not be decoded.
struct Rejection {
  uint64_t position = 0;  // see Position
  std::string reason;     // "malformed JSON: …", "'floor': 3.5 is not an INTEGER"
};

// How far one call came.
struct DecodeProgress {
  size_t records = 0;  // consumed, rejected and skipped ones included
  size_t rows = 0;     // written
};

// Used by one thread.
class Decoder {
 public:
  virtual ~Decoder() = default;

  // Decodes batch.records from `first_record` on into `chunk`, beginning at `first_row`, until the
  // records end or the chunk is full (engine::kChunkRows). Text may be given to the chunk as stable
  // strings that point into the batch or into the decoder's own memory; the caller keeps the batch
  // alive as engine/table_source.h asks. `row_records`, if not empty, has kChunkRows places and
  // gets the number of the record (in the batch) that each row came from.
  //
  // Data errors are rejections, appended to `rejections`; a Status means that `on_malformed: fail`
  // was asked for (ExpectationFailed), or a bug.
  virtual Result<DecodeProgress> decode(const RecordBatch& batch, size_t first_record,
                                        engine::ChunkWriter& chunk, size_t first_row,
                                        std::span<uint32_t> row_records,
                                        std::vector<Rejection>& rejections) = 0;
};

struct CsvOptions;

enum class OnMalformed { kDeadLetter, kNull, kFail };

// Ids of schemas that a registry did not know, ascending.
using RefusedSchemas = std::vector<uint32_t>;

// A declared way of reading records, shared by all threads of a pipeline.
class Format {
 public:
  virtual ~Format() = default;

  virtual Framing framing() const = 0;
  // The columns as the user declared them.
  virtual const engine::Schema& declared() const = 0;
  // The columns as decoders write them: the same names in the same order. A column whose declared
  // type has no native decoder (DECIMAL, UUID, lists, structs, …) is VARCHAR here (JSON text for
  // nested values), and the input view casts it; a value that does not cast is a rejection.
  virtual const engine::Schema& decoded() const = 0;
  virtual OnMalformed on_malformed() const = 0;
  // How CSV is written; nullptr for other formats. Whoever cuts the records needs it.
  virtual const CsvOptions* csv() const { return nullptr; }

  // `slots[i]` is the chunk's column for decoded()[i], or nullopt if the query does not use it.
  virtual std::unique_ptr<Decoder> make_decoder(
      const std::vector<std::optional<size_t>>& slots) const = 0;

  // What a registry does not know may be there a minute later; but whether a record is refused must
  // not change within an epoch, however often it is read. Called before an epoch is read: what is
  // refused from then on stays so until the next call. `refused`: an earlier run has refused just
  // these; decoders give Unavailable where another schema is unknown.
  virtual void begin_epoch(const std::optional<RefusedSchemas>& refused) const { (void)refused; }
  // Since begin_epoch(); nullopt of a format that asks no registry.
  virtual std::optional<RefusedSchemas> refused_schemas() const { return std::nullopt; }
};

}  // namespace lakeward::format
