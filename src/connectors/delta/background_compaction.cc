#include "connectors/delta/background_compaction.h"

#include <spdlog/spdlog.h>

#include "base/units.h"

namespace lakeward::connectors::delta {
namespace {

using lakeward::delta::MergeTotals;
using lakeward::delta::TierPolicy;

const Band kSmallFiles{.policy = lakeward::delta::small_lane(), .is_urgent = true};
// Woken for a tier's worth of commits: no more often can the first lane have finished something.
const Band kLargeFiles{.policy = lakeward::delta::large_lane(),
                       .commits_a_round = TierPolicy().fan_in};

}  // namespace

BackgroundCompaction::BackgroundCompaction(const std::string& name, io::ObjectStore& store,
                                           const std::string& path, engine::Database& database,
                                           Clock& clock)
    : name_(name),
      small_(name, store, path, database, clock, kSmallFiles),
      large_(name, store, path, database, clock, kLargeFiles) {}

BackgroundCompaction::~BackgroundCompaction() {
  small_.stop();
  large_.stop();
  MergeTotals totals = small_.totals();
  totals += large_.totals();
  if (totals.commits == 0) return;
  spdlog::info("{}: merged {} files into {} ({} rows, {}) in {}", name_,
               format_count(totals.files_removed), format_count(totals.files_added),
               format_count(totals.rows), format_bytes(totals.bytes_added),
               format_duration(small_.busy() + large_.busy()));
}

void BackgroundCompaction::note_commit() {
  small_.note_commit();
  large_.note_commit();
}

std::string BackgroundCompaction::problem() const {
  const std::string of_small = small_.problem();
  return of_small.empty() ? large_.problem() : of_small;
}

}  // namespace lakeward::connectors::delta
