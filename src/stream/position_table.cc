#include "stream/position_table.h"

#include <algorithm>

namespace lakeward::stream {
namespace {

class Producer final : public engine::ChunkProducer {
 public:
  Producer(std::span<const uint64_t> left, bool is_wanted) : left_(left), is_wanted_(is_wanted) {}
  Result<size_t> fill(engine::ChunkWriter& chunk) override {
    const size_t rows = std::min(engine::kChunkRows, left_.size());
    if (is_wanted_) std::copy_n(left_.begin(), rows, chunk.column(0).data<uint64_t>());
    left_ = left_.subspan(rows);
    return rows;
  }

 private:
  std::span<const uint64_t> left_;
  bool is_wanted_;
};

class Scan final : public engine::TableScan {
 public:
  Scan(std::span<const uint64_t> positions, bool is_wanted)
      : positions_(positions), is_wanted_(is_wanted) {}
  size_t max_threads() const override { return 1; }
  Result<std::unique_ptr<engine::ChunkProducer>> make_producer() override {
    return std::unique_ptr<engine::ChunkProducer>(
        std::make_unique<Producer>(positions_, is_wanted_));
  }

 private:
  std::span<const uint64_t> positions_;
  bool is_wanted_;
};

}  // namespace

const engine::Schema& PositionTable::schema() const {
  static const engine::Schema schema = {{"position", "UBIGINT"}};
  return schema;
}

Result<std::unique_ptr<engine::TableScan>> PositionTable::scan(const std::vector<size_t>& columns) {
  return std::unique_ptr<engine::TableScan>(std::make_unique<Scan>(positions_, !columns.empty()));
}

}  // namespace lakeward::stream
