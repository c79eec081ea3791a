// Sizes and durations as people write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"

namespace lakeward {

// "512MiB", "2 GiB", "100MB" (decimal), "1024": bytes. Errors: InvalidArgument.
Result<uint64_t> parse_bytes(std::string_view text);
// Bytes in the largest binary unit that fits, for example "1.5 GiB".
std::string format_bytes(uint64_t bytes);

// "50ms", "1s", "10 minutes", "2h", "1d", "1h30m". Errors: InvalidArgument.
Result<Duration> parse_duration(std::string_view text);
// For example "1.5 s", "2 min 3 s", "350 ms".
std::string format_duration(Duration duration);

// A number with thousands separators: 1234567 is "1,234,567".
std::string format_count(uint64_t count);
// "1 row", "1,234 rows"; `thing` takes an s.
std::string format_count(uint64_t count, std::string_view thing);

// ISO 8601, UTC: "2026-01-01T00:00:00.123Z" (milliseconds) or with six digits if `micros`.
std::string format_timestamp(Timestamp timestamp, bool micros = false);
// ISO 8601 with 'T' or a blank, any fraction, 'Z' or an offset (±hh, ±hhmm, ±hh:mm); a date alone
// is its midnight; without a zone: UTC. Errors: InvalidArgument.
Result<Timestamp> parse_timestamp(std::string_view text);

}  // namespace lakeward
