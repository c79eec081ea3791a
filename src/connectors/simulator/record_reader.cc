#include "connectors/simulator/record_reader.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "connectors/block.h"

namespace lakeward::connectors::simulator {
namespace {

constexpr size_t kBlockBytes = 512 << 10;
constexpr uint64_t kPieceRecords = 16'384;

struct Shared {
  std::shared_ptr<const Generator> generator;
  uint64_t from = 0;
  uint64_t to = 0;
  std::vector<uint64_t> only;
  std::shared_ptr<const format::Provenance> provenance;
  std::atomic<uint64_t> next_piece{0};

  // Records, or positions, that there are.
  uint64_t size() const { return only.empty() ? to - from : only.size(); }
  uint64_t record(uint64_t index) const {
    return only.empty() ? from + index : format::Position::place(only[index]);
  }
};

class SimulatedStream final : public stream::RecordStream {
 public:
  explicit SimulatedStream(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  Result<std::optional<format::RecordBatch>> next() override {
    if (next_ == end_) {
      next_ = std::min(shared_->next_piece.fetch_add(1) * kPieceRecords, shared_->size());
      end_ = std::min(next_ + kPieceRecords, shared_->size());
      if (next_ == end_) return std::optional<format::RecordBatch>();
    }
    const std::shared_ptr<Block> block = pool_.take(kBlockBytes);
    char* at = block->bytes.get();
    const char* const last = at + kBlockBytes - Generator::kMaxRecordBytes;
    for (; next_ < end_ && at <= last; ++next_) {
      const uint64_t k = shared_->record(next_);
      char* const end = shared_->generator->write(k, at);
      block->records.push_back({{at, static_cast<size_t>(end - at)}, k});
      at = end;
    }
    format::RecordBatch batch;
    batch.provenance = shared_->provenance;
    batch.records = block->records;
    batch.owner = block;
    return std::optional(std::move(batch));
  }

 private:
  std::shared_ptr<Shared> shared_;
  BlockPool pool_;
  uint64_t next_ = 0;
  uint64_t end_ = 0;
};

class SimulatedReader final : public stream::RecordReader {
 public:
  explicit SimulatedReader(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  size_t max_threads() const override {
    return std::max<uint64_t>(1, (shared_->size() + kPieceRecords - 1) / kPieceRecords);
  }
  Result<std::unique_ptr<stream::RecordStream>> make_stream() override {
    return std::unique_ptr<stream::RecordStream>(std::make_unique<SimulatedStream>(shared_));
  }

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace

std::unique_ptr<stream::RecordReader> make_record_reader(std::shared_ptr<const Generator> generator,
                                                         uint64_t from, uint64_t to,
                                                         std::vector<uint64_t> only) {
  auto shared = std::make_shared<Shared>();
  shared->generator = std::move(generator);
  shared->from = from;
  shared->to = to;
  shared->only = std::move(only);
  shared->provenance = std::make_shared<format::Provenance>();
  return std::make_unique<SimulatedReader>(std::move(shared));
}

}  // namespace lakeward::connectors::simulator
