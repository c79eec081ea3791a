// The rows that are appended to a Delta table.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/delta/offset.h"
#include "connectors/delta/options.h"
#include "delta/snapshot.h"
#include "delta/table.h"
#include "stream/registry.h"
#include "stream/source.h"

namespace lakeward::connectors::delta {

// Begins with the files of a snapshot, oldest first, and goes on with those of each later commit. A
// position is the number of the file in the range and the number of the row in the file.
class DeltaSource final : public stream::Source {
 public:
  static Result<std::unique_ptr<DeltaSource>> make(DeltaSourceOptions options,
                                                   stream::Environment& environment);

  Status attach(checkpoint::SourceLog& log) override;
  // Errors: Conflict (a version deleted or overwrote rows), Corruption (the table is another one
  // than before, or its log no longer reaches back to where this source is).
  Result<std::optional<stream::Offset>> plan(const std::optional<stream::Offset>& from,
                                             const stream::Limits& limits, stream::PlanMode mode,
                                             std::stop_token stop) override;
  Result<stream::Input> read(const stream::ReadRequest& request) override;
  Result<std::optional<engine::Schema>> relation_schema() override;
  Status acknowledge(const stream::Offset& to) override;
  Result<stream::SourceLag> lag(const std::optional<stream::Offset>& committed) override;

 private:
  using AddFile = lakeward::delta::AddFile;
  using Version = lakeward::delta::Version;

  // A stretch of the log.
  struct Stretch {
    std::vector<AddFile> files;
    TableOffset to;
    bool ahead = false;  // whether `to` is past where it began
  };
  // How much a stretch may hold, and where it ends at the latest.
  struct Bounds {
    stream::Limits limits;
    std::optional<Version> last;      // the last version that counts
    std::optional<TableOffset> stop;  // exactly here
  };

  DeltaSource(DeltaSourceOptions options, Start start, lakeward::delta::Table table);

  // Loads the table's state if it exists by now, or brings it up to date.
  Result<bool> table_exists();
  // Where a pipeline without an offset begins; kept in the checkpoint from then on. nullopt: the
  // table does not reach there yet.
  Result<std::optional<TableOffset>> begin();
  Result<std::optional<TableOffset>> choose_begin();
  Result<TableOffset> parse(const stream::Offset& offset) const;
  // The files from `from` on, within the bounds.
  Result<Stretch> walk(const TableOffset& from, const Bounds& bounds);
  // The files of one version (or of the starting snapshot), in their order; nullopt: there is no
  // such version yet.
  Result<std::optional<std::vector<AddFile>>> files_of(const TableOffset& at);
  Result<std::optional<std::vector<AddFile>>> committed_files(Version version);
  // The failure to read planned files, with what to do if some are gone.
  Status explain(const Status& failure, const TableOffset& from) const;

  DeltaSourceOptions options_;
  Start start_;
  lakeward::delta::Table table_;
  checkpoint::SourceLog* log_ = nullptr;
  std::optional<lakeward::delta::TableState> state_;
  std::optional<Version> drained_to_;  // the last version of a `--once` run
  // Versions without rows are passed over once: from the first to the second place.
  std::optional<std::pair<TableOffset, TableOffset>> passed_;
  // What plan() found last, for read().
  std::optional<std::pair<TableOffset, Stretch>> planned_;
};

stream::SourceType source_type();

}  // namespace lakeward::connectors::delta
