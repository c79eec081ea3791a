// Where a pipeline without a checkpoint begins to read: the option `start`.
#pragma once

#include <cstdint>

#include "config/value.h"
#include "connectors/kafka/offsets.h"
#include "connectors/kafka/subscription.h"

namespace lakeward::connectors::kafka {

// Where a pipeline without a checkpoint begins. For a partition: an offset ≥ 0 as it is, or one of
// these, or the first record at or after a time.
struct Start {
  static constexpr int64_t kLatest = -1;
  static constexpr int64_t kEarliest = -2;

  int64_t everywhere = kEarliest;  // kLatest, kEarliest or, if `is_time`, milliseconds since 1970
  bool is_time = false;
  Offsets offsets;  // of single partitions, before `everywhere`
};

// earliest | latest | 2026-01-01T00:00:00Z | {0: 5, 1: latest} | {sensor_data: {0: 5}}
Start parse_start(const config::Value& value, const Subscription& subscription,
                  config::Problems& problems);

}  // namespace lakeward::connectors::kafka
