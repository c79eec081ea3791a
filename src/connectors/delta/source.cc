#include "connectors/delta/source.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "checkpoint/source_log.h"
#include "connectors/declared_options.h"
#include "delta/scan.h"
#include "delta/schema.h"
#include "stream/input_columns.h"

namespace lakeward::connectors::delta {
namespace {

using lakeward::delta::CommitActions;
using lakeward::delta::RemoveFile;
using lakeward::delta::Snapshot;
using lakeward::delta::Table;
using lakeward::delta::TableState;

// In the source's folder in the checkpoint: where the pipeline began.
constexpr const char* kBegin = "begin";
// The SELECT over an epoch's files names each of them.
constexpr size_t kMaxFiles = 5'000;

uint64_t rows_in(const std::string& stats) {
  const nlohmann::json json = nlohmann::json::parse(stats, nullptr, false);
  if (!json.is_object() || !json.contains("numRecords")) return 1;
  return json["numRecords"].is_number_unsigned() ? json["numRecords"].get<uint64_t>() : 1;
}

// Budget of an epoch; 0 is no limit.
class Budget {
 public:
  explicit Budget(const stream::Limits& limits) : limits_(limits) {}

  // Whether a file still fits; the first one always does.
  bool take(const lakeward::delta::AddFile& file) {
    const uint64_t bytes = static_cast<uint64_t>(std::max<int64_t>(0, file.size));
    const uint64_t rows = limits_.rows > 0 ? rows_in(file.stats) : 0;
    const bool fits = files_ < kMaxFiles &&
                      (limits_.bytes == 0 || bytes_ + bytes <= limits_.bytes) &&
                      (limits_.rows == 0 || rows_ + rows <= limits_.rows);
    if (files_ > 0 && !fits) return false;
    ++files_;
    bytes_ += bytes;
    rows_ += rows;
    return true;
  }

 private:
  stream::Limits limits_;
  size_t files_ = 0;
  uint64_t bytes_ = 0;
  uint64_t rows_ = 0;
};

}  // namespace

Result<std::unique_ptr<DeltaSource>> DeltaSource::make(DeltaSourceOptions options,
                                                       stream::Environment& environment) {
  ASSIGN_OR_RETURN(std::string folder, table_folder(options.table));
  ASSIGN_OR_RETURN(Start start, parse_start(options.start));
  ASSIGN_OR_RETURN(Table table,
                   Table::open(environment.lake, std::move(folder), environment.database));
  return std::unique_ptr<DeltaSource>(new DeltaSource(std::move(options), start, std::move(table)));
}

DeltaSource::DeltaSource(DeltaSourceOptions options, Start start, Table table)
    : options_(std::move(options)), start_(start), table_(std::move(table)) {}

Status DeltaSource::attach(checkpoint::SourceLog& log) {
  log_ = &log;
  ASSIGN_OR_RETURN(const std::optional<int64_t> latest, log.latest());
  if (!latest) return ok_status();
  return corruption(
      "the checkpoint's source log is not a Delta source's; the checkpoint belongs to another "
      "source: put that back, or remove the checkpoint to begin anew");
}

Result<bool> DeltaSource::table_exists() {
  if (state_) return true;
  Result<TableState> state = table_.state();
  if (state.status().code() == StatusCode::kNotFound) return false;
  RETURN_IF_ERROR(state.status());
  RETURN_IF_ERROR(lakeward::delta::check_readable(*state, table_.name()));
  state_ = std::move(state).value();
  return true;
}

Result<TableOffset> DeltaSource::parse(const stream::Offset& offset) const {
  ASSIGN_OR_RETURN(TableOffset place, TableOffset::parse(offset));
  if (state_ && place.table_id != state_->metadata.id) {
    return corruption("table " + table_.name() + " is another one than before: its id was " +
                      place.table_id + " and is " + state_->metadata.id +
                      " (deleted and made again?). To read the new table from its beginning, "
                      "remove the checkpoint");
  }
  return place;
}

Result<std::optional<TableOffset>> DeltaSource::begin() {
  const Result<std::string> kept = log_->read_file(kBegin);
  if (kept.ok()) {
    ASSIGN_OR_RETURN(TableOffset place, parse(*kept));
    return std::optional(std::move(place));
  }
  if (kept.status().code() != StatusCode::kNotFound) return kept.status();
  ASSIGN_OR_RETURN(std::optional<TableOffset> chosen, choose_begin());
  if (chosen) RETURN_IF_ERROR(log_->write_file(kBegin, chosen->to_json()));
  return chosen;
}

Result<std::optional<TableOffset>> DeltaSource::choose_begin() {
  TableOffset place{.table_id = state_->metadata.id};
  ASSIGN_OR_RETURN(const Version latest, table_.latest_version());
  if (std::holds_alternative<StartEarliest>(start_)) {
    place.version = latest;
    place.starting = true;
  } else if (std::holds_alternative<StartLatest>(start_)) {
    place.version = latest + 1;
  } else if (const auto* version = std::get_if<StartVersion>(&start_)) {
    place.version = version->version;
  } else {
    // The last version that is not younger, and the next if that is older.
    const Timestamp time = std::get<Timestamp>(start_);
    const Result<Version> before = table_.version_at(time + Duration{-1});
    if (before.ok()) {
      place.version = *before + 1;
    } else if (before.status().code() == StatusCode::kNotFound) {
      ASSIGN_OR_RETURN(place.version, table_.earliest_commit());
    } else {
      return before.status();
    }
  }
  return std::optional(place);
}

Result<std::optional<stream::Offset>> DeltaSource::plan(const std::optional<stream::Offset>& from,
                                                        const stream::Limits& limits,
                                                        stream::PlanMode mode, std::stop_token) {
  ASSIGN_OR_RETURN(const bool exists, table_exists());
  if (!exists) return std::optional<stream::Offset>();
  std::optional<TableOffset> place;
  if (from) {
    ASSIGN_OR_RETURN(place, parse(*from));
  } else {
    ASSIGN_OR_RETURN(place, begin());
    if (!place) return std::optional<stream::Offset>();
  }
  Bounds bounds{.limits = limits, .last = std::nullopt, .stop = std::nullopt};
  if (mode == stream::PlanMode::kDrain) {
    if (!drained_to_) {
      ASSIGN_OR_RETURN(drained_to_, table_.latest_version());
    }
    bounds.last = drained_to_;
  }
  const TableOffset walk_from = passed_ && passed_->first == *place ? passed_->second : *place;
  ASSIGN_OR_RETURN(Stretch stretch, walk(walk_from, bounds));
  if (stretch.files.empty()) {
    if (stretch.ahead) passed_ = {*place, stretch.to};
    return std::optional<stream::Offset>();
  }
  stream::Offset to = stretch.to.to_json();
  planned_ = {std::move(*place), std::move(stretch)};
  return std::optional(std::move(to));
}

Result<DeltaSource::Stretch> DeltaSource::walk(const TableOffset& from, const Bounds& bounds) {
  Stretch stretch{.files = {}, .to = from};
  Budget budget(bounds.limits);
  TableOffset& at = stretch.to;
  while (true) {
    if (bounds.stop &&
        std::tuple(at.version, at.index) >= std::tuple(bounds.stop->version, bounds.stop->index)) {
      return stretch;
    }
    if (bounds.last && at.version > *bounds.last) return stretch;
    ASSIGN_OR_RETURN(const std::optional<std::vector<AddFile>> files, files_of(at));
    if (!files) return stretch;
    for (size_t i = static_cast<size_t>(at.index + 1); i < files->size(); ++i) {
      const auto index = static_cast<int64_t>(i);
      if (bounds.stop && at.version == bounds.stop->version && index > bounds.stop->index) {
        return stretch;
      }
      if (!budget.take((*files)[i])) return stretch;
      stretch.files.push_back((*files)[i]);
      at.index = index;
      stretch.ahead = true;
    }
    if (bounds.stop && at.version == bounds.stop->version) return stretch;
    at = {.table_id = at.table_id, .version = at.version + 1};
    stretch.ahead = true;
  }
}

Result<std::optional<std::vector<DeltaSource::AddFile>>> DeltaSource::files_of(
    const TableOffset& at) {
  if (!at.starting) return committed_files(at.version);
  ASSIGN_OR_RETURN(Snapshot snapshot, table_.snapshot_at(at.version));
  std::sort(snapshot.files.begin(), snapshot.files.end(), [](const AddFile& a, const AddFile& b) {
    return std::tie(a.modified_ms, a.path) < std::tie(b.modified_ms, b.path);
  });
  return std::optional(std::move(snapshot.files));
}

Result<std::optional<std::vector<DeltaSource::AddFile>>> DeltaSource::committed_files(
    Version version) {
  Result<CommitActions> commit = table_.read_commit(version);
  if (commit.status().code() == StatusCode::kNotFound) {
    const Result<Version> latest = table_.latest_version();
    if (latest.status().code() == StatusCode::kNotFound) {
      return corruption("table " + table_.name() +
                        " is gone; put it back, or remove the checkpoint to begin anew");
    }
    RETURN_IF_ERROR(latest.status());
    if (*latest < state_->version) {
      return corruption("table " + table_.name() + " was at version " +
                        std::to_string(state_->version) + " and is at " + std::to_string(*latest) +
                        " now: it was made again or restored from a copy. To read it from its "
                        "beginning, remove the checkpoint");
    }
    if (version > *latest) return std::optional<std::vector<AddFile>>();
    return corruption("table " + table_.name() + ": version " + std::to_string(version) +
                      " is to be read next, but its log begins later: versions were removed "
                      "(delta.logRetentionDuration) before they were read. To read the table as it "
                      "is now, remove the checkpoint");
  }
  RETURN_IF_ERROR(commit.status());
  if (commit->metadata && commit->metadata->id != state_->metadata.id) {
    return corruption("table " + table_.name() + " was made again by version " +
                      std::to_string(version) + "; to read the new table, remove the checkpoint");
  }
  if (version > state_->version) {
    RETURN_IF_ERROR(lakeward::delta::apply_commit(*commit, version, table_.name(), *state_));
    RETURN_IF_ERROR(lakeward::delta::check_readable(*state_, table_.name()));
  }
  std::erase_if(commit->adds, [](const AddFile& add) { return !add.data_change; });
  const bool removes = std::any_of(commit->removes.begin(), commit->removes.end(),
                                   [](const RemoveFile& remove) { return remove.data_change; });
  if (removes && options_.on_change == OnChange::kFail) {
    return conflict("table " + table_.name() + ": version " + std::to_string(version) +
                    (commit->info ? " (" + commit->info->operation + ")" : "") +
                    " deleted or overwrote rows, which were read before. To go on without undoing "
                    "that, set 'on_change' to ignore (the rows that it added are read) or skip "
                    "(they are not)");
  }
  if (removes && options_.on_change == OnChange::kSkip) commit->adds.clear();
  return std::optional(std::move(commit->adds));
}

Result<stream::Input> DeltaSource::read(const stream::ReadRequest& request) {
  ASSIGN_OR_RETURN(const bool exists, table_exists());
  if (!exists) {
    return corruption("table " + table_.name() +
                      " is gone; put it back, or remove the checkpoint to begin anew");
  }
  ASSIGN_OR_RETURN(const TableOffset to, parse(request.range.to));
  std::optional<TableOffset> from;
  if (request.range.from) {
    ASSIGN_OR_RETURN(from, parse(*request.range.from));
  } else {
    ASSIGN_OR_RETURN(from, begin());
  }
  const bool planned = planned_ && planned_->first == *from && planned_->second.to == to;
  if (!planned) {
    ASSIGN_OR_RETURN(Stretch stretch,
                     walk(*from, {.limits = {}, .last = std::nullopt, .stop = to}));
    stretch.to = to;
    planned_ = {*from, std::move(stretch)};
  }
  lakeward::delta::ScanOptions scan_options;
  scan_options.position_column = std::string(stream::kPositionColumn);
  const auto scanned =
      lakeward::delta::scan_files(table_, *state_, planned_->second.files, scan_options);
  if (!scanned.ok()) return explain(scanned.status(), *from);
  const lakeward::delta::Scan& scan = *scanned;
  stream::InputRelation relation{"SELECT _position, * EXCLUDE (_position) FROM (" + scan.sql + ")",
                                 {}};
  for (const AddFile& file : scan.files) {
    relation.files.push_back(table_.path() + "/" + lakeward::delta::decode_path(file.path));
  }
  return stream::Input(std::move(relation));
}

Status DeltaSource::explain(const Status& failure, const TableOffset& from) const {
  const auto is_gone = [this](const AddFile& file) {
    return table_.store()
               .stat(table_.path() + "/" + lakeward::delta::decode_path(file.path))
               .status()
               .code() == StatusCode::kNotFound;
  };
  const std::vector<AddFile>& files = planned_->second.files;
  if (std::none_of(files.begin(), files.end(), is_gone)) return failure;
  return corruption(
      failure.message() + "\n  The pipeline is behind, at version " + std::to_string(from.version) +
      ", and a vacuum has removed files that it had yet to read. The rows of files that were only "
      "merged are still in the table: to read the table as it is now, choose another checkpoint "
      "folder (and empty what the pipeline wrote, or it has rows twice). A longer retention "
      "(delta.deletedFileRetentionDuration) leaves pipelines more time.");
}

Result<std::optional<engine::Schema>> DeltaSource::relation_schema() {
  ASSIGN_OR_RETURN(const bool exists, table_exists());
  if (!exists) return std::optional<engine::Schema>();
  return std::optional(lakeward::delta::engine_schema(state_->schema));
}

Status DeltaSource::acknowledge(const stream::Offset&) { return ok_status(); }

Result<stream::SourceLag> DeltaSource::lag(const std::optional<stream::Offset>& committed) {
  stream::SourceLag lag;
  if (!committed) {
    lag.position = "not begun";
    return lag;
  }
  ASSIGN_OR_RETURN(const TableOffset place, TableOffset::parse(*committed));
  lag.position = place.index < 0 && !place.starting
                     ? "version " + std::to_string(place.version - 1)
                     : "version " + std::to_string(place.version) + ", file " +
                           std::to_string(place.index + 1);
  return lag;
}

stream::SourceType source_type() {
  return {.doc = "The rows that are appended to a Delta table of the lake.",
          .options = delta_source_options().infos(),
          .check = make_check<DeltaSourceOptions>(delta_source_options, check_source_options),
          .make = [](const stream::SourceArguments& arguments,
                     stream::Environment& environment) -> Result<std::unique_ptr<stream::Source>> {
            ASSIGN_OR_RETURN(DeltaSourceOptions options,
                             parse_options(delta_source_options(), arguments.options));
            ASSIGN_OR_RETURN(std::unique_ptr<DeltaSource> source,
                             DeltaSource::make(std::move(options), environment));
            return std::unique_ptr<stream::Source>(std::move(source));
          },
          .reads_records = false};
}

}  // namespace lakeward::connectors::delta
