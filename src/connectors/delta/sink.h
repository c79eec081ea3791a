// Rows into a Delta table, exactly once.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "connectors/delta/background_compaction.h"
#include "connectors/delta/background_upkeep.h"
#include "connectors/delta/options.h"
#include "delta/table.h"
#include "delta/transaction.h"
#include "stream/registry.h"
#include "stream/sink.h"

namespace lakeward::connectors::delta {

// An append may be written while the one before is being committed, as long as neither creates the
// table nor changes its schema: it is then written for the layout that the table had at the last
// look, and its commit asks to be repeated if the table has another one by then.
//
// The `txn` action of each commit says (query id, epoch), as Spark's Delta sink does: a commit that
// is in the table is not made again, by whichever process or engine.
class DeltaSink final : public stream::Sink, private stream::SinkWriter, private stream::Committer {
 public:
  static Result<std::unique_ptr<DeltaSink>> make(DeltaSinkOptions options, std::string query_id,
                                                 stream::Environment& environment);

  stream::SinkWriter& writer() override { return *this; }
  stream::Committer& committer() override { return *this; }
  std::string name() const override { return "delta " + options_.table; }
  std::string lake_table() const override { return options_.table; }
  std::string problem() const override;

 private:
  DeltaSink(DeltaSinkOptions options, std::string query_id, lakeward::delta::Table table,
            stream::Environment& environment);

  Status check(const engine::Schema& rows) override;
  Result<stream::Committable> write(engine::Session& session, const std::string& select,
                                    const stream::Epoch& epoch) override;
  void discard(stream::Committable committable) override;
  Result<std::optional<int64_t>> last_committed() override;
  Status commit(const stream::Epoch& epoch, stream::Committable committable,
                const stream::Accounting& accounting) override;

  // What files are written for.
  struct Layout {
    lakeward::delta::Protocol protocol;
    lakeward::delta::Metadata metadata;
    lakeward::delta::TableSchema schema;
    bool exists = false;
  };
  struct Written;

  // All of these need table_mutex_.
  //
  // The table's state as of now; opens it if it exists by now.
  Result<bool> table_exists();
  // Opens the table, or prepares one for rows of this schema.
  Status open_for(const engine::Schema& rows);
  Status check_partitioning() const;
  bool is_laid_out_as(const Layout& layout) const;
  Status commit_append(const Layout& layout, const lakeward::delta::CommitRequest& request);
  Status commit_overwrite(lakeward::delta::CommitRequest request);
  // Takes the writer of the table, which from then on leaves checkpoints to upkeep_.
  void take_writer(lakeward::delta::TableWriter writer);

  // The layout for rows of this schema: the table's now, or, while a commit runs, the one before.
  Result<std::shared_ptr<const Layout>> layout_for(const engine::Schema& rows);
  Result<lakeward::delta::WritePlan> plan_for(const engine::Schema& rows,
                                              const Layout& layout) const;

  DeltaSinkOptions options_;
  std::string query_id_;
  lakeward::delta::Table table_;
  const Clock& clock_;
  std::mutex table_mutex_;
  std::optional<lakeward::delta::TableWriter> table_writer_;
  std::shared_ptr<const Layout> layout_;  // as of the last look; the writer's
  BackgroundUpkeep upkeep_;
  std::unique_ptr<BackgroundCompaction> compaction_;  // null: off
};

stream::SinkType sink_type();

}  // namespace lakeward::connectors::delta
