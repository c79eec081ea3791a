// Copies of the records that a pass refuses, taken while it runs, so that dead letters need not be
// read from the source again: a topic would be fetched and unpacked once more for a few of them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "format/record_batch.h"
#include "stream/source.h"

namespace lakeward::stream {

// The batches that the newest chunks of one producer were made of; their memory may be lent to
// these chunks (see engine::TableScan). Thread-safe: a producer may move between threads.
class LentBatches {
 public:
  // `pass`: RecordCapture::pass(), or 0.
  explicit LentBatches(uint64_t pass) : pass_(pass) {}

  // A new chunk begins: what was lent to the one before the last is let go.
  void begin_chunk();
  void add(const format::RecordBatch& batch);
  // How many batches the chunk has.
  size_t in_chunk() const;
  // Forgets those of the chunk.
  void clear_chunk();
  void clear();

  uint64_t pass() const { return pass_; }

 private:
  friend class RecordCapture;
  const uint64_t pass_;
  mutable std::mutex mutex_;
  std::array<std::vector<format::RecordBatch>, 3> chunks_;
  size_t turn_ = 0;
};

// Thread-safe, save for reset().
class RecordCapture {
 public:
  // More than so many bytes of records are not kept.
  static constexpr size_t kMostBytes = 32 << 20;

  // Begins a pass: what was captured is forgotten.
  void reset();
  // A number that no other pass of any capture has.
  uint64_t pass() const { return pass_; }

  // From now on, the rows that this thread handles are those of `lent`, until it is said again.
  static void work_on(const std::shared_ptr<LentBatches>& lent);
  // Copies the record at `position`, if it is among those that this thread works on. Rows that an
  // operator has collected meanwhile, to sort or to join them, are not.
  void note(uint64_t position);
  // The same of a record that is known to be in the batch.
  void note(uint64_t position, const format::RecordBatch& batch);

  // Whether all of these were captured.
  bool has(std::span<const uint64_t> positions) const;
  // Reads them, as the source would; only if has() them. `positions` are ascending.
  std::unique_ptr<RecordReader> read(std::span<const uint64_t> positions) const;

  struct Record;  // a copy

 private:
  bool is_full() const { return bytes_ > kMostBytes; }

  uint64_t pass_ = 0;
  mutable std::mutex mutex_;  // guards what follows
  std::map<uint64_t, std::shared_ptr<const Record>> records_;
  size_t bytes_ = 0;
};

}  // namespace lakeward::stream
