// VACUUM: the removal of files that no version within the retention needs.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "delta/table.h"

namespace lakeward::delta {

// A file that was never part of the table, as far as its log says, may be one that a writer is
// about to commit: whatever the retention, it is left alone until it is so old.
inline constexpr Duration kLeastOrphanAge = std::chrono::hours(1);

struct VacuumOptions {
  std::optional<Duration> retention =
      {};  // default: the table's delta.deletedFileRetentionDuration
  // Whether `retention` may be below the table's. A reader of an older version, and a writer that
  // takes long, may lose files then.
  bool force = false;
  bool dry_run = false;
};

struct VacuumReport {
  Duration retention{0};  // that was kept to
  uint64_t files = 0;     // removed, or of a dry run: that would be
  uint64_t bytes = 0;
  uint64_t orphans = 0;            // of these: never part of the table, as far as its log says
  uint64_t kept = 0;               // not live, but within the retention
  std::vector<std::string> paths;  // of the files, within the table's folder; of a dry run only
};

struct VacuumProgress {
  uint64_t files = 0;  // to be removed
  uint64_t files_done = 0;
};

// Removes Parquet files in the table's folder and its partitions' that are neither live, nor
// removed within the retention, nor younger than it. Never looks into folders that begin with '_'
// or
// '.', save those of partitions ("_day=2026-01-01"), nor into tables that lie within this one's
// folder. Two commits say what happened, as Apache Spark's VACUUM does (VACUUM START, VACUUM END);
// none if there is nothing to remove.
//
// Errors: InvalidArgument (a retention below the table's without `force`, or a negative one),
// Unsupported, Cancelled (`stop`), the store's. It can be run again after any of them.
Result<VacuumReport> vacuum(Table& table, const VacuumOptions& options, const Clock& clock,
                            const std::function<void(const VacuumProgress&)>& progress,
                            std::stop_token stop);

}  // namespace lakeward::delta
