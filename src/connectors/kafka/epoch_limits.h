// How much a source takes and holds, by what the pipeline and the process may.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "stream/source.h"

namespace lakeward::connectors::kafka {

// How many records an epoch may have. `record_bytes`: how large one is on average, if any was read.
uint64_t rows_of_epoch(const stream::Limits& limits, uint64_t memory_bytes,
                       std::optional<uint64_t> record_bytes);

// How much may be fetched ahead.
size_t bytes_ahead(uint64_t memory_bytes);

}  // namespace lakeward::connectors::kafka
