#include "stream/record_table.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "base/secret.h"
#include "format/record_headers.h"
#include "stream/utf8.h"

namespace lakeward::stream {
namespace {

const std::string kNoHeaders = "{}";

// Reasons are kept up to this size, some 100,000 of them: a topic of which nothing can be decoded
// would fill the memory with texts of which one tells it all.
constexpr size_t kReasonBytes = 8 << 20;
constexpr const char* kNoReason = "malformed";  // short enough to need no memory of its own

}  // namespace

using engine::ChunkWriter;
using engine::ColumnWriter;
using format::RecordBatch;

RecordTable::RecordTable(Source& source, const format::Format* format)
    : source_(source), format_(format) {
  if (format_ != nullptr) {
    for (size_t i = 0; i < format_->decoded().size(); ++i) {
      schema_.push_back(format_->decoded()[i]);
      origins_.push_back({.decoded = true, .decoded_index = i});
    }
  }
  const size_t decoded = schema_.size();
  for (size_t i = 0; i < kRecordColumns.size(); ++i) {
    bool taken = false;
    for (size_t d = 0; d < decoded; ++d)
      taken |= equal_names(schema_[d].name, kRecordColumns[i].name);
    if (taken) continue;
    schema_.push_back({std::string(kRecordColumns[i].name), std::string(kRecordColumns[i].type)});
    origins_.push_back({.record = static_cast<RecordColumn>(i)});
  }
}

void RecordTable::set_range(OffsetRange range, std::span<const uint64_t> only) {
  std::lock_guard lock(mutex_);
  range_ = std::move(range);
  only_ = only;
  captured_ = nullptr;
  scans_.clear();
  malformed_.clear();
  reason_bytes_ = 0;
}

void RecordTable::set_captured(const RecordCapture& captured, std::span<const uint64_t> only) {
  set_range({}, only);
  captured_ = &captured;
}

Result<ReadTally> RecordTable::tally() const {
  std::lock_guard lock(mutex_);
  ReadTally tally;
  bool found = false;
  for (const std::shared_ptr<Progress>& scan : scans_) {
    if (!scan->complete()) continue;
    if (found && scan->records != tally.records) {
      return internal_error("the source gave " + std::to_string(tally.records) + " records, and " +
                            std::to_string(scan->records) + " when the range was read again");
    }
    found = true;
    tally.records = scan->records;
    tally.bytes = scan->bytes;
    tally.lost = scan->lost;
    tally.skipped = scan->skipped;
  }
  tally.malformed = malformed_;
  return tally;
}

bool RecordTable::read_to_end() const {
  std::lock_guard lock(mutex_);
  return std::any_of(scans_.begin(), scans_.end(),
                     [](const std::shared_ptr<Progress>& scan) { return scan->complete(); });
}

void RecordTable::add_malformed(std::vector<format::Rejection> rejections) {
  if (rejections.empty()) return;
  std::lock_guard lock(mutex_);
  for (format::Rejection& rejection : rejections) {
    reason_bytes_ += rejection.reason.size();
    if (reason_bytes_ > kReasonBytes) rejection.reason = kNoReason;
    malformed_.insert_or_assign(rejection.position, mask_secrets(std::move(rejection.reason)));
  }
}

// One execution: what its producers share.
class RecordTable::Scan final : public engine::TableScan {
 public:
  Scan(RecordTable& table, std::unique_ptr<RecordReader> reader, std::shared_ptr<Progress> progress,
       const std::vector<size_t>& columns)
      : table_(table), reader_(std::move(reader)), progress_(std::move(progress)) {
    if (table.format_ != nullptr) slots_.resize(table.format_->decoded().size());
    for (size_t slot = 0; slot < columns.size(); ++slot) {
      const Origin& origin = table.origins_[columns[slot]];
      if (origin.decoded) {
        slots_[origin.decoded_index] = slot;
      } else {
        record_slots_.emplace_back(origin.record, slot);
      }
    }
  }

  size_t max_threads() const override { return std::max<size_t>(1, reader_->max_threads()); }
  Result<std::unique_ptr<engine::ChunkProducer>> make_producer() override;

 private:
  friend class RecordTable::Producer;
  RecordTable& table_;
  std::unique_ptr<RecordReader> reader_;
  std::shared_ptr<Progress> progress_;
  std::vector<std::optional<size_t>> slots_;                   // of decoded columns
  std::vector<std::pair<RecordColumn, size_t>> record_slots_;  // of the others
};

namespace {

// Writes one record column of rows [first, first + rows); `records[row]` is the row's record.
struct RowRange {
  size_t first = 0;
  size_t rows = 0;
  const uint32_t* records = nullptr;
};

template <typename T, typename Value>
void write_values(ColumnWriter& column, RowRange range, Value value) {
  T* data = column.data<T>();
  for (size_t row = range.first; row < range.first + range.rows; ++row) {
    data[row] = value(range.records[row]);
  }
}

void write_nulls(ColumnWriter& column, RowRange range) {
  for (size_t row = range.first; row < range.first + range.rows; ++row) column.set_null(row);
}

void write_constant_text(ColumnWriter& column, RowRange range, const std::string& text) {
  if (text.empty()) return write_nulls(column, range);
  for (size_t row = range.first; row < range.first + range.rows; ++row) {
    column.set_stable_string(row, text.data(), text.size());
  }
}

void write_escaped_text(ColumnWriter& column, RowRange range, const std::string& bytes) {
  const std::string text = escape_bytes(bytes);
  for (size_t row = range.first; row < range.first + range.rows; ++row) {
    column.set_copied_string(row, text);
  }
}

// Lent text where it is UTF-8, else a copy with the other bytes escaped.
void write_text(ColumnWriter& column, size_t row, std::string_view text) {
  if (is_utf8(text)) [[likely]] {
    column.set_stable_string(row, text.data(), text.size());
  } else {
    column.set_copied_string(row, escape_bytes(text));
  }
}

void write_payloads(ColumnWriter& column, RowRange range, const RecordBatch& batch, bool as_text) {
  for (size_t row = range.first; row < range.first + range.rows; ++row) {
    const std::string_view payload = batch.records[range.records[row]].payload;
    if (format::is_no_payload(payload)) [[unlikely]] {
      column.set_null(row);
    } else if (as_text) {
      write_text(column, row, payload);
    } else {
      column.set_stable_string(row, payload.data(), payload.size());
    }
  }
}

void write_keys(ColumnWriter& column, RowRange range, const RecordBatch& batch, bool as_text) {
  if (batch.keys.empty()) return write_nulls(column, range);
  for (size_t row = range.first; row < range.first + range.rows; ++row) {
    const std::optional<std::string_view>& key = batch.keys[range.records[row]];
    if (!key) {
      column.set_null(row);
    } else if (as_text) {
      write_text(column, row, *key);
    } else {
      column.set_stable_string(row, key->data(), key->size());
    }
  }
}

void write_record_column(RecordColumn kind, ColumnWriter& column, RowRange range,
                         const RecordBatch& batch) {
  const format::Provenance& provenance = *batch.provenance;
  const size_t end = range.first + range.rows;
  switch (kind) {
    case RecordColumn::kRaw:
    case RecordColumn::kRawBytes:
      return write_payloads(column, range, batch, kind == RecordColumn::kRaw);
    case RecordColumn::kKey:
    case RecordColumn::kKeyBytes:
      return write_keys(column, range, batch, kind == RecordColumn::kKey);
    case RecordColumn::kTopic:
      return write_constant_text(column, range, provenance.topic);
    case RecordColumn::kFile:
      // A name is bytes to the system; as text, it must be UTF-8.
      if (!is_utf8(provenance.file)) [[unlikely]] {
        return write_escaped_text(column, range, provenance.file);
      }
      return write_constant_text(column, range, provenance.file);
    case RecordColumn::kPartition:
      if (provenance.topic.empty()) return write_nulls(column, range);
      return write_values<int32_t>(column, range, [&](uint32_t) { return provenance.partition; });
    case RecordColumn::kOffset:
      if (!batch.offsets.empty()) {
        return write_values<int64_t>(column, range, [&](uint32_t r) { return batch.offsets[r]; });
      }
      return write_values<int64_t>(
          column, range, [&](uint32_t r) { return static_cast<int64_t>(batch.records[r].place); });
    case RecordColumn::kTimestamp:
      if (batch.timestamps.empty()) return write_nulls(column, range);
      return write_values<int64_t>(column, range,
                                   [&](uint32_t r) { return batch.timestamps[r].micros; });
    case RecordColumn::kTimestampMs:
      if (batch.timestamps.empty()) return write_nulls(column, range);
      if (!batch.timestamps_ms.empty()) [[unlikely]] {
        return write_values<int64_t>(column, range,
                                     [&](uint32_t r) { return batch.timestamps_ms[r]; });
      }
      return write_values<int64_t>(column, range,
                                   [&](uint32_t r) { return batch.timestamps[r].millis(); });
    case RecordColumn::kHeaders:
      if (!provenance.has_headers) return write_nulls(column, range);
      if (batch.headers.empty()) return write_constant_text(column, range, kNoHeaders);
      for (size_t row = range.first; row < end; ++row) {
        column.set_copied_string(row, format::headers_json(batch.headers[range.records[row]]));
      }
      return;
    case RecordColumn::kLine:
      if (batch.lines.empty()) return write_nulls(column, range);
      return write_values<int64_t>(
          column, range, [&](uint32_t r) { return static_cast<int64_t>(batch.lines[r]); });
    case RecordColumn::kPosition:
      return write_values<uint64_t>(column, range, [&](uint32_t r) {
        return format::Position::make(provenance.split, batch.records[r].place);
      });
  }
}

}  // namespace

class RecordTable::Producer final : public engine::ChunkProducer {
 public:
  Producer(Scan& scan, std::unique_ptr<RecordStream> stream,
           std::unique_ptr<format::Decoder> decoder, RecordCapture* capture)
      : scan_(scan),
        stream_(std::move(stream)),
        decoder_(std::move(decoder)),
        capture_(capture),
        lent_(std::make_shared<LentBatches>(capture == nullptr ? 0 : capture->pass())) {}
  // A thread may still know what was lent.
  ~Producer() override { lent_->clear(); }

  Result<size_t> fill(ChunkWriter& chunk) override {
    if (done_) return size_t{0};
    if (capture_ != nullptr) RecordCapture::work_on(lent_);
    lent_->begin_chunk();
    if (batch_) lent_->add(*batch_);
    size_t rows = 0;
    while (rows < engine::kChunkRows) {
      if (!batch_ || next_record_ == batch_->records.size()) {
        // Records picked from here and there hold a whole block each: a chunk may stay small.
        if (rows > 0 && lent_->in_chunk() >= kLentBatches) break;
        if (rows == 0) lent_->clear_chunk();
        ASSIGN_OR_RETURN(batch_, stream_->next());
        next_record_ = 0;
        if (!batch_) break;
        count_batch();
        lent_->add(*batch_);
      }
      ASSIGN_OR_RETURN(const size_t written, decode_into(chunk, rows));
      rows += written;
    }
    scan_.table_.add_malformed(std::exchange(rejections_, {}));
    if (rows == 0) finish();
    return rows;
  }

 private:
  static constexpr size_t kLentBatches = 16;

  // Decodes what is left of the batch, as far as it fits below row `first`; returns the rows made.
  Result<size_t> decode_into(ChunkWriter& chunk, size_t first) {
    size_t written = 0;
    if (decoder_ != nullptr) {
      const std::span<uint32_t> row_records =
          scan_.record_slots_.empty() ? std::span<uint32_t>() : std::span<uint32_t>(row_records_);
      const size_t rejected = rejections_.size();
      ASSIGN_OR_RETURN(
          const format::DecodeProgress progress,
          decoder_->decode(*batch_, next_record_, chunk, first, row_records, rejections_));
      CHECK(progress.records > 0 || first + progress.rows == engine::kChunkRows,
            "a decoder consumes records until the chunk is full");
      next_record_ += progress.records;
      written = progress.rows;
      if (capture_ != nullptr) {
        for (size_t i = rejected; i < rejections_.size(); ++i) {
          capture_->note(rejections_[i].position, *batch_);
        }
      }
      skipped_ += progress.records - progress.rows - (rejections_.size() - rejected);
    } else {
      written = std::min(engine::kChunkRows - first, batch_->records.size() - next_record_);
      for (size_t i = 0; i < written; ++i) {
        row_records_[first + i] = static_cast<uint32_t>(next_record_ + i);
      }
      next_record_ += written;
    }
    for (const auto& [kind, slot] : scan_.record_slots_) {
      write_record_column(kind, chunk.column(slot), {first, written, row_records_.data()}, *batch_);
    }
    return written;
  }

  void count_batch() {
    CHECK(!batch_->records.empty() && batch_->provenance != nullptr);
    records_ += batch_->records.size();
    for (const format::Record& record : batch_->records) bytes_ += record.payload.size();
  }

  void finish() {
    done_ = true;
    std::lock_guard lock(scan_.table_.mutex_);
    scan_.progress_->records += records_;
    scan_.progress_->bytes += bytes_;
    scan_.progress_->skipped += skipped_;
    --scan_.progress_->running;
  }

  Scan& scan_;
  std::unique_ptr<RecordStream> stream_;
  std::unique_ptr<format::Decoder> decoder_;  // null: each record is a row
  std::optional<RecordBatch> batch_;
  size_t next_record_ = 0;
  RecordCapture* capture_;             // null: nothing is noted
  std::shared_ptr<LentBatches> lent_;  // text of these may be lent to chunks
  std::array<uint32_t, engine::kChunkRows> row_records_;
  std::vector<format::Rejection> rejections_;
  uint64_t records_ = 0;
  uint64_t bytes_ = 0;
  uint64_t skipped_ = 0;
  bool done_ = false;
};

Result<std::unique_ptr<engine::ChunkProducer>> RecordTable::Scan::make_producer() {
  ASSIGN_OR_RETURN(std::unique_ptr<RecordStream> stream, reader_->make_stream());
  std::unique_ptr<format::Decoder> decoder;
  if (table_.format_ != nullptr) decoder = table_.format_->make_decoder(slots_);
  {
    std::lock_guard lock(table_.mutex_);
    progress_->begun = true;
    ++progress_->running;
  }
  return std::unique_ptr<engine::ChunkProducer>(
      std::make_unique<Producer>(*this, std::move(stream), std::move(decoder),
                                 table_.is_captured_from() ? table_.capture_ : nullptr));
}

Result<std::unique_ptr<RecordReader>> RecordTable::read(const std::vector<size_t>& columns) {
  if (captured_ != nullptr) return captured_->read(only_);
  const auto uses = [&](RecordColumn wanted) {
    return std::any_of(columns.begin(), columns.end(), [&](size_t column) {
      return !origins_[column].decoded && origins_[column].record == wanted;
    });
  };
  ReadRequest request;
  request.want_lines = uses(RecordColumn::kLine);
  // Dead letters have these.
  request.want_keys =
      uses(RecordColumn::kKey) || uses(RecordColumn::kKeyBytes) || is_captured_from();
  request.want_timestamps =
      uses(RecordColumn::kTimestamp) || uses(RecordColumn::kTimestampMs) || is_captured_from();
  request.want_headers = uses(RecordColumn::kHeaders) || is_captured_from();
  request.range = range_;
  request.only = only_;
  request.keep_order = keep_order_;
  request.stop = stop_;
  ASSIGN_OR_RETURN(Input input, source_.read(request));
  auto* reader = std::get_if<std::unique_ptr<RecordReader>>(&input);
  if (reader == nullptr) return internal_error("a source of records returned a relation");
  return std::move(*reader);
}

Result<std::unique_ptr<engine::TableScan>> RecordTable::scan(const std::vector<size_t>& columns) {
  std::lock_guard lock(mutex_);
  ASSIGN_OR_RETURN(std::unique_ptr<RecordReader> reader, read(columns));
  scans_.push_back(std::make_shared<Progress>());
  scans_.back()->lost = reader->lost();
  return std::unique_ptr<engine::TableScan>(
      std::make_unique<Scan>(*this, std::move(reader), scans_.back(), columns));
}

}  // namespace lakeward::stream
