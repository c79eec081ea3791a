#include "connectors/delta/sink.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "connectors/declared_options.h"
#include "delta/data_writer.h"
#include "delta/schema.h"

namespace lakeward::connectors::delta {
namespace {

using lakeward::delta::AddFile;
using lakeward::delta::CommitOutcome;
using lakeward::delta::CommitRequest;
using lakeward::delta::find_field;
using lakeward::delta::NewTable;
using lakeward::delta::Table;
using lakeward::delta::TableSchema;
using lakeward::delta::TableWriter;
using lakeward::delta::WritePlan;

// Others may change the table this often while one epoch replaces it.
constexpr int kOverwriteAttempts = 20;

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "nothing" : text;
}

lakeward::delta::TextMap metrics_of(const stream::Committable& committable,
                                    const stream::Accounting& accounting) {
  lakeward::delta::TextMap metrics = {
      {"numOutputRows", std::to_string(committable.rows)},
      {"numOutputBytes", std::to_string(committable.bytes)},
      {"numAddedFiles", std::to_string(committable.files)},
      {"numReadRecords", std::to_string(accounting.read)},
      {"numFilteredRecords", std::to_string(accounting.filtered)},
      {"numDeduplicatedRecords", std::to_string(accounting.deduplicated)},
      {"numLateRecords", std::to_string(accounting.late)},
      {"numDroppedRecords", std::to_string(accounting.dropped)},
      {"numDeadLetteredRecords", std::to_string(accounting.dead_lettered)}};
  return metrics;
}

}  // namespace

// What write() hands to commit().
struct DeltaSink::Written {
  std::vector<AddFile> adds;
  std::optional<TableSchema> new_schema;
  std::shared_ptr<const Layout> layout;
};

Result<std::unique_ptr<DeltaSink>> DeltaSink::make(DeltaSinkOptions options, std::string query_id,
                                                   stream::Environment& environment) {
  ASSIGN_OR_RETURN(std::string folder, table_folder(options.table));
  ASSIGN_OR_RETURN(Table table,
                   Table::open(environment.lake, std::move(folder), environment.database));
  return std::unique_ptr<DeltaSink>(
      new DeltaSink(std::move(options), std::move(query_id), std::move(table), environment));
}

DeltaSink::DeltaSink(DeltaSinkOptions options, std::string query_id, Table table,
                     stream::Environment& environment)
    : options_(std::move(options)),
      query_id_(std::move(query_id)),
      table_(std::move(table)),
      clock_(environment.clock),
      upkeep_(name(), environment.lake, table_.path(), environment.database, environment.clock) {
  if (options_.mode == Mode::kAppend && options_.compact == Compact::kAuto) {
    compaction_ = std::make_unique<BackgroundCompaction>(name(), environment.lake, table_.path(),
                                                         environment.database, environment.clock);
  }
}

std::string DeltaSink::problem() const {
  const std::string merging = compaction_ == nullptr ? "" : compaction_->problem();
  const std::string upkeep = upkeep_.problem();
  if (!upkeep.empty()) return "the table's log cannot be kept short: " + upkeep;
  return merging.empty() ? "" : "small files cannot be merged: " + merging;
}

Result<bool> DeltaSink::table_exists() {
  if (table_writer_ && table_writer_->state().version >= 0) {
    RETURN_IF_ERROR(table_writer_->refresh());
    return true;
  }
  Result<TableWriter> opened = TableWriter::open(table_, clock_);
  if (opened.status().code() == StatusCode::kNotFound) return false;
  RETURN_IF_ERROR(opened.status());
  take_writer(std::move(opened).value());
  RETURN_IF_ERROR(check_partitioning());
  return true;
}

Status DeltaSink::check_partitioning() const {
  const std::vector<std::string>& own = table_writer_->state().metadata.partition_columns;
  if (options_.partition_by.empty()) return ok_status();
  const bool same =
      std::equal(own.begin(), own.end(), options_.partition_by.begin(), options_.partition_by.end(),
                 [](const auto& a, const auto& b) {
                   return lakeward::delta::lower_name(a) == lakeward::delta::lower_name(b);
                 });
  if (same) return ok_status();
  return invalid_argument("table " + table_.name() + " is partitioned by " + joined(own) +
                          ", not by " + joined(options_.partition_by) +
                          "; correct 'partition_by', or write to a new table");
}

Status DeltaSink::open_for(const engine::Schema& rows) {
  ASSIGN_OR_RETURN(const bool exists, table_exists());
  if (exists) return ok_status();
  NewTable definition;
  ASSIGN_OR_RETURN(definition.schema, lakeward::delta::delta_schema(rows));
  definition.partition_by = options_.partition_by;
  definition.properties.insert(options_.properties.begin(), options_.properties.end());
  ASSIGN_OR_RETURN(TableWriter writer, TableWriter::open_or_create(table_, definition, clock_));
  take_writer(std::move(writer));
  return ok_status();
}

void DeltaSink::take_writer(TableWriter writer) {
  table_writer_.emplace(std::move(writer));
  table_writer_->hand_over_upkeep(
      [this](const lakeward::delta::TableState& state) { upkeep_.note_due(state); });
}

bool DeltaSink::is_laid_out_as(const Layout& layout) const {
  const lakeward::delta::TableState& state = table_writer_->state();
  return state.protocol == layout.protocol && state.metadata == layout.metadata;
}

Result<std::shared_ptr<const DeltaSink::Layout>> DeltaSink::layout_for(const engine::Schema& rows) {
  std::unique_lock lock(table_mutex_, std::try_to_lock);
  if (!lock.owns_lock()) {
    if (layout_ != nullptr) return layout_;
    lock.lock();
  }
  RETURN_IF_ERROR(open_for(rows));
  const lakeward::delta::TableState& state = table_writer_->state();
  const bool exists = state.version >= 0;
  if (layout_ == nullptr || layout_->exists != exists || !is_laid_out_as(*layout_)) {
    layout_ = std::make_shared<const Layout>(
        Layout{state.protocol, state.metadata, state.schema, exists});
  }
  return layout_;
}

// An append keeps to the table's schema; an overwrite gives the table the schema of its rows.
Result<WritePlan> DeltaSink::plan_for(const engine::Schema& rows, const Layout& layout) const {
  if (options_.mode == Mode::kAppend) {
    return lakeward::delta::plan_write(rows, layout.schema, options_.evolve_schema, table_.name());
  }
  ASSIGN_OR_RETURN(TableSchema wanted, lakeward::delta::delta_schema(rows));
  for (lakeward::delta::Field& field : wanted) {
    // Comments and the like stay where the column does.
    const lakeward::delta::Field* known = find_field(layout.schema, field.name);
    if (known != nullptr && known->type == field.type) field = *known;
  }
  for (const std::string& column : layout.metadata.partition_columns) {
    if (find_field(wanted, column) != nullptr) continue;
    return invalid_argument("table " + table_.name() + " is partitioned by '" + column +
                            "', which the query does not have; add it, or write to a new table");
  }
  ASSIGN_OR_RETURN(WritePlan plan, lakeward::delta::plan_write(rows, wanted, false, table_.name()));
  plan.evolved = plan.schema != layout.schema;
  return plan;
}

Status DeltaSink::check(const engine::Schema& rows) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const Layout> layout, layout_for(rows));
  return plan_for(rows, *layout).status();
}

Result<stream::Committable> DeltaSink::write(engine::Session& session, const std::string& select,
                                             const stream::Epoch&) {
  ASSIGN_OR_RETURN(const engine::Schema rows, session.describe(select));
  ASSIGN_OR_RETURN(const std::shared_ptr<const Layout> layout, layout_for(rows));
  ASSIGN_OR_RETURN(const WritePlan plan, plan_for(rows, *layout));
  ASSIGN_OR_RETURN(
      lakeward::delta::WrittenFiles files,
      lakeward::delta::write_files(session, select, plan, table_.store(), table_.path(),
                                   lakeward::delta::data_writer_options(layout->metadata), clock_));
  stream::Committable committable;
  committable.rows = files.rows;
  committable.bytes = files.bytes;
  committable.files = files.adds.size();
  committable.overlaps = options_.mode == Mode::kAppend && layout->exists && !plan.evolved;
  Written written{std::move(files.adds), std::nullopt, layout};
  if (plan.evolved) written.new_schema = plan.schema;
  committable.content = std::move(written);
  return committable;
}

void DeltaSink::discard(stream::Committable committable) {
  const auto* written = std::any_cast<Written>(&committable.content);
  if (written == nullptr) return;
  for (const AddFile& add : written->adds) {
    const Status removed =
        table_.store().remove(table_.path() + "/" + lakeward::delta::decode_path(add.path));
    // Nothing refers to it: vacuum removes it one day.
    if (!removed.ok()) spdlog::debug("{}: {}", name(), removed.message());
  }
}

Result<std::optional<int64_t>> DeltaSink::last_committed() {
  const std::lock_guard lock(table_mutex_);
  ASSIGN_OR_RETURN(const bool exists, table_exists());
  if (!exists) return std::optional<int64_t>();
  return table_writer_->last_txn(query_id_);
}

Status DeltaSink::commit(const stream::Epoch& epoch, stream::Committable committable,
                         const stream::Accounting& accounting) {
  const std::lock_guard lock(table_mutex_);
  auto* written = std::any_cast<Written>(&committable.content);
  CHECK(written != nullptr && table_writer_, "commit() follows write() of the same sink");
  const bool overwrite = options_.mode == Mode::kOverwrite;
  // Nothing to add: written again, the epoch would add nothing again, so it need not be remembered.
  const bool changes = overwrite || !written->layout->exists || !written->adds.empty() ||
                       written->new_schema.has_value();
  if (!changes) return ok_status();
  CommitRequest request;
  request.kind = overwrite ? CommitRequest::Kind::kOverwrite : CommitRequest::Kind::kAppend;
  request.adds = std::move(written->adds);
  request.new_schema = std::move(written->new_schema);
  request.txn = lakeward::delta::Txn{query_id_, epoch.id, std::nullopt};
  request.operation = "STREAMING UPDATE";
  request.operation_parameters = {{"outputMode", overwrite ? "Complete" : "Append"},
                                  {"queryId", query_id_},
                                  {"epochId", std::to_string(epoch.id)}};
  request.operation_metrics = metrics_of(committable, accounting);
  if (overwrite) return commit_overwrite(std::move(request));
  RETURN_IF_ERROR(commit_append(*written->layout, request));
  if (compaction_ != nullptr) compaction_->note_commit();
  return ok_status();
}

// A table that another writer has changed meanwhile is no conflict of pipelines: the epoch's next
// attempt is written for what the table is then, or refused with the reason.
Status DeltaSink::commit_append(const Layout& layout, const CommitRequest& request) {
  const auto changed = [&] {
    return unavailable("another writer has changed the schema or properties of the table " +
                       table_.name() + " meanwhile; the epoch is written again");
  };
  if (!is_laid_out_as(layout)) return changed();
  const Result<CommitOutcome> outcome = table_writer_->commit(request);
  if (outcome.status().code() == StatusCode::kConflict && !is_laid_out_as(layout)) return changed();
  return outcome.status();
}

// Replaces whatever the table holds when the commit succeeds.
Status DeltaSink::commit_overwrite(CommitRequest request) {
  for (int attempt = 1;; ++attempt) {
    request.removes.clear();
    if (table_writer_->state().version >= 0) {
      RETURN_IF_ERROR(table_writer_->refresh());
      ASSIGN_OR_RETURN(const lakeward::delta::Snapshot snapshot,
                       table_.snapshot_at(table_writer_->state().version));
      request.removes = lakeward::delta::remove_all(snapshot, clock_.now());
    }
    request.operation_metrics["numRemovedFiles"] = std::to_string(request.removes.size());
    const Result<CommitOutcome> outcome = table_writer_->commit(request);
    const bool again = outcome.status().code() == StatusCode::kConflict;
    if (!again || attempt == kOverwriteAttempts) return outcome.status();
  }
}

stream::SinkType sink_type() {
  return {.doc = "A Delta table of the lake: append or overwrite, exactly once.",
          .options = delta_sink_options().infos(),
          .check = make_check<DeltaSinkOptions>(delta_sink_options, check_sink_options),
          .make = [](const stream::SinkArguments& arguments,
                     stream::Environment& environment) -> Result<std::unique_ptr<stream::Sink>> {
            ASSIGN_OR_RETURN(DeltaSinkOptions options,
                             parse_options(delta_sink_options(), arguments.options));
            ASSIGN_OR_RETURN(std::unique_ptr<DeltaSink> sink,
                             DeltaSink::make(std::move(options), arguments.query_id, environment));
            return std::unique_ptr<stream::Sink>(std::move(sink));
          }};
}

}  // namespace lakeward::connectors::delta
