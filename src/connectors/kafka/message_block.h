// Messages of a partition, in memory that decoders can read from: copied out of librdkafka's, or as
// our fetcher brought them.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "format/record_batch.h"

namespace lakeward::connectors::kafka {

// Record::place of a message: its offset's lower bits. Different for any two messages of an epoch.
inline uint64_t place_of(int64_t offset) {
  return static_cast<uint64_t>(offset) & format::Position::kPlaceMask;
}

// When a message says that it was made: anything, if a producer likes. What is farther from 1970
// than this, some 290,000 years, is taken to be there: so that SQL can convert it to any time zone.
constexpr int64_t kFarthestMillis = 9'150'000'000'000'000;
inline Timestamp time_of(int64_t millis) {
  return Timestamp::from_millis(std::clamp(millis, -kFarthestMillis, kFarthestMillis));
}

// What of a message is asked for, besides the payload.
struct Wanted {
  bool keys = false;
  bool timestamps = false;
  bool headers = false;
};

// Messages of one partition, in order: views into memory that the block holds.
class MessageBlock {
 public:
  // What messages point into, and format::kPadding bytes behind it, is memory of allocate(), of
  // copy() or of a hold(), until clear(). add() first, then what else is wanted of the message.
  char* allocate(size_t size);
  std::string_view copy(const void* bytes, size_t size);
  void hold(std::shared_ptr<const void> memory);
  void reserve(size_t messages);
  void add(std::string_view payload, int64_t offset) {
    records_.push_back({payload, place_of(offset)});
    offsets_.push_back(offset);
    payload_bytes_ += payload.size();
  }
  void add_key(std::optional<std::string_view> key) { keys_.push_back(key); }
  // The block keeps no numbers beside the times until a message needs it.
  void add_timestamp(int64_t millis) {
    timestamps_.push_back(time_of(millis));
    if (timestamps_ms_.empty()) {
      if (timestamps_.back().millis() == millis) [[likely]]
        return;
      for (const Timestamp time : timestamps_) timestamps_ms_.push_back(time.millis());
      timestamps_ms_.back() = millis;
    } else {
      timestamps_ms_.push_back(millis);
    }
  }
  // Packed. The block keeps none until a message has some.
  void add_headers(std::string_view packed) {
    if (headers_.empty()) {
      if (packed.empty()) [[likely]]
        return;
      headers_.resize(records_.size() - 1);
    }
    headers_.push_back(packed);
  }

  void clear();
  bool empty() const { return records_.empty(); }
  size_t size() const { return records_.size(); }
  size_t payload_bytes() const { return payload_bytes_; }

  // The records from `first` on, `count` of them; without owner and provenance.
  format::RecordBatch batch(size_t first, size_t count) const;
  int64_t offset(size_t index) const { return offsets_[index]; }

 private:
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    size_t capacity = 0;  // without the padding
    size_t used = 0;
  };
  void add_chunk(size_t size);

  std::vector<Chunk> chunks_;  // the last one is being filled
  std::vector<std::shared_ptr<const void>> held_;
  std::vector<format::Record> records_;
  std::vector<int64_t> offsets_;
  std::vector<std::optional<std::string_view>> keys_;
  std::vector<Timestamp> timestamps_;
  std::vector<int64_t> timestamps_ms_;     // empty, or one for each record
  std::vector<std::string_view> headers_;  // empty, or one for each record
  size_t payload_bytes_ = 0;
};

// Hands out blocks and takes them back when nobody holds them any more. Used by one thread; the
// blocks may be let go by any thread.
class MessageBlockPool {
 public:
  std::shared_ptr<MessageBlock> take();

 private:
  std::vector<std::shared_ptr<MessageBlock>> blocks_;
};

inline std::string_view MessageBlock::copy(const void* bytes, size_t size) {
  if (chunks_.empty() || chunks_.back().capacity - chunks_.back().used < size) add_chunk(size);
  Chunk& chunk = chunks_.back();
  char* place = chunk.bytes.get() + chunk.used;
  if (size > 0) std::memcpy(place, bytes, size);
  chunk.used += size;
  return {place, size};
}

}  // namespace lakeward::connectors::kafka
