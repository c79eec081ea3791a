// Positions as a table.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/table_source.h"

namespace lakeward::stream {

// Has one column, `position`. The positions outlive it.
class PositionTable final : public engine::TableSource {
 public:
  explicit PositionTable(std::span<const uint64_t> positions) : positions_(positions) {}
  const engine::Schema& schema() const override;
  Result<std::unique_ptr<engine::TableScan>> scan(const std::vector<size_t>& columns) override;

 private:
  std::span<const uint64_t> positions_;
};

}  // namespace lakeward::stream
