// An epoch: one fixed range of input, committed as one.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace lakeward::stream {

struct Epoch {
  int64_t id = 0;  // 0, 1, 2, … without gaps
  Timestamp time;  // `_ingest_time` and current_timestamp of every row in it, also when repeated
};

// Where every record of an epoch went. Balanced: read = written + filtered + deduplicated + late +
// dropped + dead_lettered, in records, for a transform that makes at most one row of a record.
struct Accounting {
  uint64_t read = 0;
  uint64_t written = 0;   // rows made visible in the sink
  uint64_t filtered = 0;  // left out by the transform's WHERE
  uint64_t deduplicated = 0;
  uint64_t late = 0;
  uint64_t dropped = 0;        // by an expectation that says `drop`
  uint64_t dead_lettered = 0;  // malformed, or by an expectation that says `dead_letter`
  uint64_t malformed = 0;      // the part of dead_lettered that could not be decoded
  uint64_t kept_invalid = 0;   // the part of written that broke an expectation that says `keep`
  uint64_t lost = 0;           // deleted at the source before they were read (only by policy)
  uint64_t bytes = 0;          // of payload read

  Accounting& operator+=(const Accounting& other);
};

}  // namespace lakeward::stream
