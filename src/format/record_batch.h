// Records on their way from a source to a decoder: payload bytes with their provenance.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace lakeward::format {

// Names one record of an epoch: the number of its split in the plan (20 bits) and its place in the
// split (44 bits): the byte offset in a file (decompressed), the message's number, the element's
// number. The same record has the same position however often the epoch is read.
class Position {
 public:
  static constexpr int kPlaceBits = 44;
  static constexpr uint64_t kPlaceMask = (uint64_t{1} << kPlaceBits) - 1;
  static uint64_t make(uint64_t split, uint64_t place) { return split << kPlaceBits | place; }
  static uint64_t split(uint64_t position) { return position >> kPlaceBits; }
  static uint64_t place(uint64_t position) { return position & kPlaceMask; }
};

// Bytes that a decoder may read (not use) past the end of each payload.
inline constexpr size_t kPadding = 64;

// What a record has that came without a payload, such as a tombstone of Kafka: no bytes, at one
// place that no payload of no bytes is at, so that a record needs nothing more to say so.
inline constexpr char kNoPayloadBytes[kPadding] = {};
inline constexpr std::string_view kNoPayload{kNoPayloadBytes, 0};
inline bool is_no_payload(std::string_view payload) { return payload.data() == kNoPayloadBytes; }

struct Record {
  std::string_view payload;  // without line ends; kPadding readable bytes follow it
  uint64_t place = 0;        // see Position
};

// What the records of one batch have in common.
struct Provenance {
  uint32_t split = 0;     // number of the split in the plan
  std::string file;       // path, for `_file`; empty if the source has no files
  std::string topic;      // for `_topic`; empty if none
  int32_t partition = 0;  // for `_partition`; of meaning only with a topic
  // The names in the header of a CSV file (see parse_csv_header()); empty if it has none.
  std::vector<std::string> header = {};
  bool has_lines = false;    // RecordBatch::lines is filled when it is asked for
  bool has_headers = false;  // a record without an entry in RecordBatch::headers has no headers
};

// Some records of one split, in order. Views: the memory belongs to `owner`.
struct RecordBatch {
  std::shared_ptr<const void> owner;
  std::shared_ptr<const Provenance> provenance;
  std::span<const Record> records;
  // For `_offset`, the record's place is used unless `offsets` has one for each record.
  std::span<const int64_t> offsets;
  // One for each record where the source has them, else empty.
  std::span<const std::optional<std::string_view>> keys;
  std::span<const Timestamp> timestamps;
  // Since 1970, as the records say them; also empty if Timestamp::millis() says the same of all.
  std::span<const int64_t> timestamps_ms;
  // Packed (record_headers.h). Also empty if none of the records has headers.
  std::span<const std::string_view> headers;
  std::span<const uint64_t> lines;  // counted from 1, only when asked for
};

}  // namespace lakeward::format
