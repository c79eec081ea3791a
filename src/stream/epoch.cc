#include "stream/epoch.h"

namespace lakeward::stream {

Accounting& Accounting::operator+=(const Accounting& other) {
  read += other.read;
  written += other.written;
  filtered += other.filtered;
  deduplicated += other.deduplicated;
  late += other.late;
  dropped += other.dropped;
  dead_lettered += other.dead_lettered;
  malformed += other.malformed;
  kept_invalid += other.kept_invalid;
  lost += other.lost;
  bytes += other.bytes;
  return *this;
}

}  // namespace lakeward::stream
