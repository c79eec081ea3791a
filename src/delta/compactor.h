// Merges a table's small files while it is written, a round at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "delta/merge.h"
#include "delta/small_files.h"
#include "delta/table.h"
#include "delta/transaction.h"
#include "engine/database.h"
#include "io/object_store.h"

namespace lakeward::delta {

// What one round takes at most; a group that goes beyond is still in it.
struct RoundLimits {
  size_t files = 500;
  uint64_t bytes = 256ULL << 20;
};

// A writer of its own beside the one that appends: they share nothing but the table, and see each
// other's commits as any two writers do. It reads the table's files once, and from then on each
// commit. Not thread-safe, save for interrupt(). The store, the database and the clock outlive it.
class Compactor {
 public:
  static Result<std::unique_ptr<Compactor>> open(io::ObjectStore& store, const std::string& path,
                                                 engine::Database& database, const Clock& clock,
                                                 TierPolicy policy = {}, RoundLimits limits = {});

  // Takes in what was committed meanwhile and merges what is due; one commit at most. Nothing due:
  // zeros. Files that cannot be merged, and that waiting does not mend, do not keep others from it:
  // their partition is put off for ten minutes, and problem() says why. Errors: Cancelled (`stop`,
  // interrupt()), and the others of merge_files() and commit_merged(). After any of them, the next
  // round begins anew.
  Result<MergeCommit> run_round(std::stop_token stop = {});

  // Why files of some partition could not be merged, until they can be; OK if all can.
  const Status& problem() const { return problem_; }

  // Ends a round soon. Any thread may call it.
  void interrupt() { table_.session().interrupt(); }

  // What all rounds came to.
  const MergeTotals& totals() const { return totals_; }

 private:
  Compactor(Table table, const Clock& clock, TierPolicy policy, RoundLimits limits)
      : table_(std::move(table)), clock_(clock), small_(policy), limits_(limits) {}
  // Brings small_ up to the table's newest version.
  Status follow();
  Result<std::vector<MergedFile>> merge(std::vector<MergeGroup> groups, std::stop_token stop);
  Status take_in_changes();

  Table table_;
  const Clock& clock_;
  SmallFiles small_;
  RoundLimits limits_;
  std::optional<TableWriter> writer_;
  MergeTotals totals_;
  Status problem_;
  std::string problem_partition_;  // its key
};

}  // namespace lakeward::delta
