// A source's records, decoded, as a table that SQL can read: RecordReader + Format → TableSource.
//
// Columns: what the format decodes, then kRecordColumns (input_columns.h), save those whose name a
// decoded column has. Only what a query uses is produced.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "engine/table_source.h"
#include "format/decoder.h"
#include "stream/input_columns.h"
#include "stream/record_capture.h"
#include "stream/source.h"

namespace lakeward::stream {

// What reading an epoch's range met.
struct ReadTally {
  uint64_t records = 0;
  uint64_t bytes = 0;    // of payload
  uint64_t lost = 0;     // deleted before they were read
  uint64_t skipped = 0;  // read, and no row by the format: tombstones
  // Reason by position; of very many, only the first ones have more than one word.
  std::map<uint64_t, std::string> malformed;
};

// Used by one pipeline; scans of one query may run at the same time.
class RecordTable final : public engine::TableSource {
 public:
  // Without a format, each record is a row and there are only the kRecordColumns. Both outlive it.
  RecordTable(Source& source, const format::Format* format);

  // What the next scans read. `only` as in ReadRequest; must stay until the next set_range(). Also
  // clears the tally.
  void set_range(OffsetRange range, std::span<const uint64_t> only = {});
  // The next scans read these records out of what was captured.
  void set_captured(const RecordCapture& captured, std::span<const uint64_t> only);

  // Malformed records are noted in it, and others can be: see RecordCapture. For all scans of whole
  // ranges from now on.
  void capture_into(RecordCapture& capture) { capture_ = &capture; }

  // See ReadRequest; for all scans from now on.
  void keep_order() { keep_order_ = true; }
  void stop_by(std::stop_token stop) { stop_ = std::move(stop); }

  // What the scans since set_range() met. A range that is scanned several times counts once.
  // Internal if two scans of the same range did not read the same number of records.
  Result<ReadTally> tally() const;
  // Whether a scan has come to the end of the range; a query with LIMIT or WHERE false may not.
  bool read_to_end() const;

  const engine::Schema& schema() const override { return schema_; }
  Result<std::unique_ptr<engine::TableScan>> scan(const std::vector<size_t>& columns) override;

 private:
  class Scan;
  class Producer;
  // What a column of the schema is: a decoded column, or a RecordColumn.
  struct Origin {
    bool decoded = false;
    size_t decoded_index = 0;
    RecordColumn record = RecordColumn::kRaw;
  };
  // What one execution has read; complete when none of its producers is under way.
  struct Progress {
    uint64_t records = 0;
    uint64_t bytes = 0;
    uint64_t lost = 0;
    uint64_t skipped = 0;
    size_t running = 0;
    bool begun = false;
    bool complete() const { return begun && running == 0; }
  };
  void add_malformed(std::vector<format::Rejection> rejections);
  Result<std::unique_ptr<RecordReader>> read(const std::vector<size_t>& columns);
  bool is_captured_from() const { return capture_ != nullptr && only_.empty(); }

  Source& source_;
  const format::Format* format_;
  engine::Schema schema_;
  std::vector<Origin> origins_;

  OffsetRange range_;
  std::span<const uint64_t> only_;
  const RecordCapture* captured_ = nullptr;  // where `only_` is read from; null: the source
  RecordCapture* capture_ = nullptr;
  bool keep_order_ = false;
  std::stop_token stop_;
  mutable std::mutex mutex_;                      // guards all below, and calls of source_
  std::vector<std::shared_ptr<Progress>> scans_;  // since set_range()
  std::map<uint64_t, std::string> malformed_;
  size_t reason_bytes_ = 0;  // of malformed_
};

}  // namespace lakeward::stream
