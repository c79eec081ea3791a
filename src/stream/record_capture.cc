#include "stream/record_capture.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace lakeward::stream {

using format::Position;
using format::RecordBatch;

struct RecordCapture::Record {
  std::shared_ptr<const format::Provenance> provenance;
  uint64_t place = 0;
  std::string bytes;  // the payload, and format::kPadding bytes; none of them without a payload
  bool has_key = false;
  std::optional<std::string> key;
  std::optional<int64_t> offset;
  std::optional<Timestamp> timestamp;
  int64_t timestamp_ms = 0;  // of meaning only with a timestamp
  std::string headers;       // packed
  std::optional<uint64_t> line;

  std::string_view payload() const {
    if (bytes.empty()) return format::kNoPayload;
    return std::string_view(bytes).substr(0, bytes.size() - format::kPadding);
  }
  // About, with what it costs to keep it.
  size_t memory() const {
    return sizeof(Record) + 64 + bytes.size() + (key ? key->size() : 0) + headers.size();
  }
  // Whether the other one may be in the same batch.
  bool fits(const Record& other) const {
    return provenance->split == other.provenance->split && has_key == other.has_key &&
           offset.has_value() == other.offset.has_value() &&
           timestamp.has_value() == other.timestamp.has_value() &&
           line.has_value() == other.line.has_value();
  }
};

namespace {

using Record = RecordCapture::Record;

std::atomic<uint64_t> last_pass{0};
thread_local std::shared_ptr<LentBatches> worked_on;

// The record's index in the batch. Places ascend in a batch, but for a wrap of their bits.
std::optional<size_t> find_record(const RecordBatch& batch, uint64_t position) {
  if (batch.provenance->split != Position::split(position)) return std::nullopt;
  const uint64_t place = Position::place(position);
  const auto found =
      std::lower_bound(batch.records.begin(), batch.records.end(), place,
                       [](const format::Record& record, uint64_t p) { return record.place < p; });
  if (found == batch.records.end() || found->place != place) return std::nullopt;
  return static_cast<size_t>(found - batch.records.begin());
}

// A dead letter names its line, and lines are counted only when they are asked for: from a file's
// beginning.
bool is_whole(const RecordBatch& batch) {
  return !batch.provenance->has_lines || !batch.lines.empty();
}

std::shared_ptr<const Record> copy_record(const RecordBatch& batch, size_t index) {
  auto copy = std::make_shared<Record>();
  copy->provenance = batch.provenance;
  copy->place = batch.records[index].place;
  const std::string_view payload = batch.records[index].payload;
  if (!format::is_no_payload(payload)) {
    copy->bytes.reserve(payload.size() + format::kPadding);
    copy->bytes.append(payload).append(format::kPadding, '\0');
  }
  if (!batch.keys.empty()) {
    copy->has_key = true;
    if (batch.keys[index]) copy->key = std::string(*batch.keys[index]);
  }
  if (!batch.offsets.empty()) copy->offset = batch.offsets[index];
  if (!batch.timestamps.empty()) {
    copy->timestamp = batch.timestamps[index];
    copy->timestamp_ms =
        batch.timestamps_ms.empty() ? copy->timestamp->millis() : batch.timestamps_ms[index];
  }
  if (!batch.headers.empty()) copy->headers = std::string(batch.headers[index]);
  if (!batch.lines.empty()) copy->line = batch.lines[index];
  return copy;
}

// A batch of captured records, which it owns.
struct CapturedBatch {
  std::vector<std::shared_ptr<const Record>> owned;
  std::vector<format::Record> records;
  std::vector<int64_t> offsets;
  std::vector<std::optional<std::string_view>> keys;
  std::vector<Timestamp> timestamps;
  std::vector<int64_t> timestamps_ms;
  std::vector<std::string_view> headers;
  std::vector<uint64_t> lines;

  void add(std::shared_ptr<const Record> record) {
    records.push_back({record->payload(), record->place});
    if (record->offset) offsets.push_back(*record->offset);
    if (record->has_key) keys.emplace_back(record->key);
    if (record->timestamp) {
      timestamps.push_back(*record->timestamp);
      timestamps_ms.push_back(record->timestamp_ms);
    }
    headers.emplace_back(record->headers);
    if (record->line) lines.push_back(*record->line);
    owned.push_back(std::move(record));
  }
};

RecordBatch view_of(std::shared_ptr<const CapturedBatch> batch) {
  RecordBatch view;
  view.provenance = batch->owned.front()->provenance;
  view.records = batch->records;
  view.offsets = batch->offsets;
  view.keys = batch->keys;
  view.timestamps = batch->timestamps;
  view.timestamps_ms = batch->timestamps_ms;
  view.headers = batch->headers;
  view.lines = batch->lines;
  view.owner = std::move(batch);
  return view;
}

class CapturedReader final : public RecordReader {
 public:
  explicit CapturedReader(std::vector<std::shared_ptr<const CapturedBatch>> batches)
      : batches_(std::move(batches)) {}
  size_t max_threads() const override { return 1; }
  Result<std::unique_ptr<RecordStream>> make_stream() override {
    return std::unique_ptr<RecordStream>(std::make_unique<Stream>(std::exchange(batches_, {})));
  }

 private:
  class Stream final : public RecordStream {
   public:
    explicit Stream(std::vector<std::shared_ptr<const CapturedBatch>> batches)
        : batches_(std::move(batches)) {}
    Result<std::optional<RecordBatch>> next() override {
      if (next_ == batches_.size()) return std::optional<RecordBatch>();
      return std::optional(view_of(std::move(batches_[next_++])));
    }

   private:
    std::vector<std::shared_ptr<const CapturedBatch>> batches_;
    size_t next_ = 0;
  };

  std::vector<std::shared_ptr<const CapturedBatch>> batches_;
};

}  // namespace

void LentBatches::begin_chunk() {
  const std::lock_guard lock(mutex_);
  turn_ = (turn_ + 1) % chunks_.size();
  chunks_[turn_].clear();
}

void LentBatches::add(const RecordBatch& batch) {
  const std::lock_guard lock(mutex_);
  chunks_[turn_].push_back(batch);
}

size_t LentBatches::in_chunk() const {
  const std::lock_guard lock(mutex_);
  return chunks_[turn_].size();
}

void LentBatches::clear_chunk() {
  const std::lock_guard lock(mutex_);
  chunks_[turn_].clear();
}

void LentBatches::clear() {
  const std::lock_guard lock(mutex_);
  for (auto& chunk : chunks_) chunk.clear();
}

void RecordCapture::reset() {
  const std::lock_guard lock(mutex_);
  pass_ = ++last_pass;
  records_.clear();
  bytes_ = 0;
}

void RecordCapture::work_on(const std::shared_ptr<LentBatches>& lent) {
  if (worked_on != lent) worked_on = lent;
}

void RecordCapture::note(uint64_t position) {
  if (worked_on == nullptr || worked_on->pass() != pass_) return;
  const std::lock_guard lock(worked_on->mutex_);
  for (const std::vector<RecordBatch>& chunk : worked_on->chunks_) {
    for (const RecordBatch& batch : chunk) {
      if (!find_record(batch, position)) continue;
      return note(position, batch);
    }
  }
}

void RecordCapture::note(uint64_t position, const RecordBatch& batch) {
  const std::optional<size_t> index = find_record(batch, position);
  if (!index || !is_whole(batch)) return;
  const std::lock_guard lock(mutex_);
  if (is_full() || records_.contains(position)) return;
  std::shared_ptr<const Record> copy = copy_record(batch, *index);
  bytes_ += copy->memory();
  records_.emplace(position, std::move(copy));
}

bool RecordCapture::has(std::span<const uint64_t> positions) const {
  const std::lock_guard lock(mutex_);
  return std::all_of(positions.begin(), positions.end(),
                     [&](uint64_t position) { return records_.contains(position); });
}

std::unique_ptr<RecordReader> RecordCapture::read(std::span<const uint64_t> positions) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<const CapturedBatch>> batches;
  std::shared_ptr<CapturedBatch> batch;
  for (const uint64_t position : positions) {
    const auto found = records_.find(position);
    CHECK(found != records_.end(), "only what was captured is read");
    if (batch == nullptr || !batch->owned.front()->fits(*found->second)) {
      batch = std::make_shared<CapturedBatch>();
      batches.push_back(batch);
    }
    batch->add(found->second);
  }
  return std::make_unique<CapturedReader>(std::move(batches));
}

}  // namespace lakeward::stream
