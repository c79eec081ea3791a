#include "connectors/kafka/fetch/record_set.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "connectors/kafka/fetch/compression.h"
#include "connectors/kafka/fetch/wire.h"

namespace lakeward::connectors::kafka::fetch {
namespace {

constexpr size_t kPrefix = 12;  // base offset and length
constexpr size_t kHeader = 61;
constexpr int8_t kMagic = 2;
constexpr size_t kEpochAt = 12;
constexpr size_t kMagicAt = 16;

constexpr int16_t kCodecMask = 0x07;
constexpr int16_t kLogAppendTime = 0x08;
constexpr int16_t kTransactional = 0x10;
constexpr int16_t kControl = 0x20;
// The type in the key of a control record: version, type.
constexpr int16_t kAbortMarker = 0;

// Offsets are far from this: no sum of one and a 32-bit number overflows.
constexpr int64_t kLargestOffset = int64_t{1} << 62;

// Numbers that a broker sent may be anything.
std::optional<int64_t> sum(int64_t a, int64_t b) {
  int64_t total = 0;
  if (__builtin_add_overflow(a, b, &total)) return std::nullopt;
  return total;
}

Status malformed(const char* what) {
  return corruption(std::string("a batch of records is damaged: ") + what);
}

// CRC-32C (Castagnoli), which Kafka computes from the attributes to the end of a batch.
uint32_t crc32c(std::string_view bytes) {
  auto* begin = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
  return ~crc32_iscsi(begin, static_cast<int>(bytes.size()), ~0U);
}

// A field that has its length in front; nullopt if that is negative.
std::optional<std::string_view> take_field(WireReader& reader) {
  const int64_t size = reader.varint();
  if (size < 0) return std::nullopt;
  return reader.bytes(static_cast<size_t>(size));
}

// Packed as they came (format/record_headers.h), and checked; nullopt if they are damaged.
std::optional<std::string_view> take_headers(WireReader& reader) {
  const char* const begin = reader.at();
  const int64_t count = reader.varint();
  // Of two bytes at least.
  if (count < 0 || static_cast<size_t>(count) > reader.left() / 2) return std::nullopt;
  for (int64_t i = 0; i < count && reader.ok(); ++i) {
    if (!take_field(reader)) return std::nullopt;  // a name is always there
    take_field(reader);
  }
  if (!reader.ok()) return std::nullopt;
  return std::string_view(begin, count == 0 ? 0 : static_cast<size_t>(reader.at() - begin));
}

}  // namespace

struct RecordSetReader::Batch {
  int64_t base_offset = 0;
  int16_t attributes = 0;
  int32_t last_offset_delta = 0;
  int64_t base_timestamp = 0;
  int64_t max_timestamp = 0;
  int64_t producer = 0;
  int32_t count = 0;
  std::string_view records;

  int64_t last_offset() const { return base_offset + last_offset_delta; }
};

WholeBatches whole_batches(std::string_view records, int64_t from, std::optional<int32_t> epoch) {
  WholeBatches whole{records.substr(0, 0), from, std::nullopt};
  size_t at = 0;
  while (records.size() - at >= kPrefix) {
    const auto size = load_big_endian<int32_t>(records.data() + at + 8);
    if (size < 0 || records.size() - at - kPrefix < static_cast<size_t>(size)) break;
    const size_t batch = kPrefix + static_cast<size_t>(size);
    const auto base = load_big_endian<int64_t>(records.data() + at);
    if (base < 0 || base > kLargestOffset) {  // the reader refuses it
      whole.bytes = records.substr(0, at + batch);
      break;
    }
    int64_t last = base;  // of an old message
    if (batch >= kHeader && records[at + kMagicAt] == kMagic) {
      last += load_big_endian<int32_t>(records.data() + at + 23);
      const auto of_batch = load_big_endian<int32_t>(records.data() + at + kEpochAt);
      // What is before `from` is known already.
      if (epoch && of_batch != *epoch && of_batch >= 0 && last >= from) {
        whole.other_epoch = of_batch;
        break;
      }
    }
    whole.next_offset = std::max(whole.next_offset, last + 1);
    at += batch;
    whole.bytes = records.substr(0, at);
  }
  return whole;
}

RecordSetReader::RecordSetReader(std::shared_ptr<const void> owner, std::string_view records,
                                 std::vector<AbortedTransaction> aborted)
    : owner_(std::move(owner)), rest_(records), aborted_(std::move(aborted)) {
  std::sort(aborted_.begin(), aborted_.end(),
            [](const auto& a, const auto& b) { return a.first_offset < b.first_offset; });
}

Result<RecordSetReader::Batch> RecordSetReader::take_batch() {
  WireReader reader(rest_);
  Batch batch;
  batch.base_offset = reader.number<int64_t>();
  const auto size = reader.number<int32_t>();
  const std::string_view body = reader.bytes(static_cast<size_t>(std::max(size, 0)));
  if (!reader.ok()) return malformed("it is cut off");
  rest_ = std::string_view(reader.at(), reader.left());
  WireReader fields(body);
  fields.number<int32_t>();  // the leader's epoch
  const auto magic = fields.number<int8_t>();
  if (fields.ok() && magic != kMagic) {
    return unsupported("a batch of records has the format " + std::to_string(magic));
  }
  const auto checksum = fields.number<uint32_t>();
  if (fields.ok() && checksum != crc32c({fields.at(), fields.left()})) {
    return malformed("its checksum is another");
  }
  batch.attributes = fields.number<int16_t>();
  batch.last_offset_delta = fields.number<int32_t>();
  batch.base_timestamp = fields.number<int64_t>();
  batch.max_timestamp = fields.number<int64_t>();
  batch.producer = fields.number<int64_t>();
  fields.number<int16_t>();  // the producer's epoch
  fields.number<int32_t>();  // the first sequence number
  batch.count = fields.number<int32_t>();
  if (!fields.ok() || batch.last_offset_delta < 0 || batch.base_offset < 0 ||
      batch.base_offset > kLargestOffset) {
    return malformed("its header");
  }
  batch.records = std::string_view(fields.at(), fields.left());
  return batch;
}

// Control batches, and what a transaction wrote that was aborted. As Kafka's consumer does it: a
// transaction is aborting from its first offset to its marker.
bool RecordSetReader::is_left_out(const Batch& batch) {
  while (next_aborted_ < aborted_.size() &&
         aborted_[next_aborted_].first_offset <= batch.last_offset()) {
    aborting_.insert(aborted_[next_aborted_++].producer);
  }
  if ((batch.attributes & kControl) != 0) {
    WireReader reader(batch.records);
    reader.varint();           // length
    reader.number<int8_t>();   // attributes
    reader.varint();           // timestamp
    reader.varint();           // offset
    reader.varint();           // length of the key
    reader.number<int16_t>();  // version
    if (reader.number<int16_t>() == kAbortMarker && reader.ok()) aborting_.erase(batch.producer);
    return true;
  }
  return (batch.attributes & kTransactional) != 0 && aborting_.contains(batch.producer);
}

Result<int64_t> RecordSetReader::next(int64_t from, Wanted wanted, MessageBlock& block) {
  ASSIGN_OR_RETURN(const Batch batch, take_batch());
  const int64_t behind = batch.last_offset() + 1;
  if (is_left_out(batch) || behind <= from) return behind;
  const auto codec = static_cast<Codec>(batch.attributes & kCodecMask);
  if (codec == Codec::kNone) block.hold(owner_);
  ASSIGN_OR_RETURN(const std::string_view text, decompress(codec, batch.records, block));
  // Of seven bytes at least: more than that cannot be there.
  if (batch.count < 0 || static_cast<size_t>(batch.count) > text.size() / 7) {
    return malformed("its number of records");
  }
  block.reserve(static_cast<size_t>(batch.count));
  const bool append_time = (batch.attributes & kLogAppendTime) != 0;
  WireReader reader(text);
  for (int32_t i = 0; i < batch.count; ++i) {
    const int64_t size = reader.varint();
    WireReader record(reader.bytes(static_cast<size_t>(std::max<int64_t>(size, 0))));
    record.number<int8_t>();  // attributes
    const int64_t timestamp_delta = record.varint();
    const std::optional<int64_t> offset = sum(batch.base_offset, record.varint());
    const std::optional<std::string_view> key = take_field(record);
    const std::string_view payload = take_field(record).value_or(format::kNoPayload);
    if (!reader.ok() || !record.ok()) return malformed("a record's length");
    if (!offset || *offset < batch.base_offset || *offset > batch.last_offset()) {
      return malformed("a record's offset");
    }
    if (*offset < from) continue;
    block.add(payload, *offset);
    if (wanted.keys) block.add_key(key);
    if (wanted.timestamps) {
      const std::optional<int64_t> own = sum(batch.base_timestamp, timestamp_delta);
      if (!own) return malformed("a record's timestamp");
      block.add_timestamp(append_time ? batch.max_timestamp : *own);
    }
    if (wanted.headers) {
      const std::optional<std::string_view> headers = take_headers(record);
      if (!headers) return malformed("a record's headers");
      block.add_headers(*headers);
    }
  }
  return behind;
}

}  // namespace lakeward::connectors::kafka::fetch
