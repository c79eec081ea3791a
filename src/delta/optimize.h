// OPTIMIZE: one pass over a table that makes many small files into few large ones.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "delta/merge.h"
#include "delta/table.h"

namespace lakeward::delta {

struct OptimizeOptions {
  // SQL over the partition columns; empty: the whole table.
  std::string where = {};
  uint64_t target_bytes = 128ULL << 20;
  bool dry_run = false;
};

struct OptimizeProgress {
  uint64_t groups = 0;  // to be merged
  uint64_t groups_done = 0;
  uint64_t files = 0;  // in these groups
  uint64_t files_done = 0;
};

struct OptimizeReport {
  Version version = -1;     // the table's, afterwards
  uint64_t files = 0;       // live before, in the partitions asked for
  uint64_t partitions = 0;  // that have something to merge
  MergeTotals totals;       // of a dry run: what would be read; bytes_added is not known
  Status maintenance;       // CommitOutcome::maintenance of the last commit that had one
};

// Merges what pack_small_files() finds, a commit for about a thousand files or a gigabyte, so that
// a table of any size can be merged, and a run that is stopped keeps what it has done. Other
// writers may write meanwhile: groups that they touch are left as they are.
//
// Errors: InvalidArgument (`where` is not SQL over partition columns), Cancelled (`stop`), and
// those of merge_files() and commit_merged(); what was committed before stays.
Result<OptimizeReport> optimize(Table& table, const OptimizeOptions& options, const Clock& clock,
                                const std::function<void(const OptimizeProgress&)>& progress,
                                std::stop_token stop);

// The files of the partitions for which `where` is true. Errors: InvalidArgument, naming the
// columns that can be used.
Result<std::vector<AddFile>> files_where(const Table& table, const TableState& state,
                                         std::vector<AddFile> files, const std::string& where);

}  // namespace lakeward::delta
