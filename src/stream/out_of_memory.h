// What is said when an epoch has not enough memory.
#pragma once

#include <cstdint>

#include "base/status.h"

namespace lakeward::stream {

// If `status` is OutOfMemory: the same with the epoch's number and what helps; `memory_bytes` is
// what the process may use, 0 if that is not known. Any other is returned as it is.
//
// `limits` of the pipeline do not help: the epoch is in the checkpoint, or will be when it is tried
// again, and keeps its size from then on.
Status out_of_memory_in_epoch(const Status& status, int64_t epoch, bool is_view,
                              uint64_t memory_bytes);

}  // namespace lakeward::stream
