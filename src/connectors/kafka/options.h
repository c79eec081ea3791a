// What a `from: kafka:` block may say.
#pragma once

#include <string>
#include <vector>

#include "config/options.h"
#include "connectors/kafka/connection.h"
#include "connectors/kafka/offsets.h"

namespace lakeward::connectors::kafka {

enum class OnLostOffsets { kFail, kEarliest, kLatest };
enum class Isolation { kReadCommitted, kReadUncommitted };

struct KafkaSourceOptions : ConnectionOptions {
  std::vector<std::string> topic;
  config::Value start;  // see parse_start()
  OnLostOffsets on_lost_offsets = OnLostOffsets::kFail;
  Isolation isolation = Isolation::kReadCommitted;
  std::string group_id;
};

const config::OptionSet<KafkaSourceOptions>& kafka_source_options();
void check_source_options(const KafkaSourceOptions& options, const config::Value& value,
                          config::Problems& problems);

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
Start parse_start(const config::Value& value, const std::vector<std::string>& topics,
                  config::Problems& problems);

}  // namespace lakeward::connectors::kafka
