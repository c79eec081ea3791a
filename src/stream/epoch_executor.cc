#include "stream/epoch_executor.h"

#include <algorithm>
#include <utility>

#include "base/units.h"
#include "engine/sql_text.h"
#include "stream/dead_letters.h"

namespace lakeward::stream {
namespace {

constexpr const char* kResultTable = "temp.lakeward_result";

// The place of a record for people: "input/a.jsonl:3", "readings 2 at 1234".
constexpr const char* kPlace =
    "CASE WHEN file IS NOT NULL THEN file || coalesce(':' || line, ' at ' || \"offset\", '') "
    "ELSE coalesce(topic || ' ' || \"partition\", 'record') || coalesce(' at ' || \"offset\", '') "
    "END";

// Whether the statement failed on the data of a row, not on the statement itself.
bool is_row_failure(const Status& status) {
  if (status.code() != StatusCode::kInvalidArgument) return false;
  const std::string& text = status.message();
  for (const char* kind : {"Conversion Error", "Out of Range Error", "Invalid Input Error"}) {
    if (text.find(kind) != std::string::npos) return true;
  }
  return false;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

EpochExecutor::EpochExecutor(PipelineSpec& spec, std::unique_ptr<engine::Session> session)
    : spec_(spec), session_(std::move(session)) {
  if (spec_.source != nullptr) {
    input_ = std::make_unique<EpochInput>(*session_, *spec_.source, spec_.format.get());
    if (spec_.dead_letters != nullptr) gate_.capture_into(input_->capture_refused());
    if (std::any_of(spec_.sinks.begin(), spec_.sinks.end(),
                    [](const auto& sink) { return sink->keeps_order(); })) {
      input_->keep_order();
    }
  }
  gate_id_ = session_->add_gate(gate_);
  dead_gate_id_ = session_->add_gate(dead_gate_);
}

EpochExecutor::~EpochExecutor() {
  session_->remove_gate(gate_id_);
  session_->remove_gate(dead_gate_id_);
}

Result<std::unique_ptr<EpochExecutor>> EpochExecutor::make(PipelineSpec& spec,
                                                           engine::Database& database) {
  ASSIGN_OR_RETURN(std::unique_ptr<engine::Session> session, database.make_session());
  RETURN_IF_ERROR(define_clocks(*session));
  return std::unique_ptr<EpochExecutor>(new EpochExecutor(spec, std::move(session)));
}

std::optional<engine::Schema> EpochExecutor::output() const {
  return transform_ ? std::optional(transform_->output()) : std::nullopt;
}

void EpochExecutor::stop_by(const std::stop_token& stop) {
  if (input_ != nullptr) input_->stop_by(stop);
}

Result<bool> EpochExecutor::bind() {
  if (input_ != nullptr) {
    ASSIGN_OR_RETURN(const bool known, input_->define_empty());
    if (!known) return false;
  }
  TableVersions versions;
  for (const std::string& table : spec_.lake_tables) {
    ASSIGN_OR_RETURN(const std::optional<int64_t> version, spec_.tables->version(table));
    if (!version) return false;
    versions[table] = *version;
  }
  RETURN_IF_ERROR(bind_tables(versions));
  RETURN_IF_ERROR(bind_transform());
  return true;
}

Status EpochExecutor::bind_tables(const TableVersions& versions) {
  for (const auto& [table, version] : versions) {
    ASSIGN_OR_RETURN(const std::string select, spec_.tables->scan_select(table, version));
    RETURN_IF_ERROR(session_->define_view(table, select));
  }
  return ok_status();
}

Status EpochExecutor::bind_transform() {
  TransformOptions options;
  options.sql = spec_.transform;
  options.expectations = spec_.expectations;
  if (input_ != nullptr) {
    options.hidden = input_->hidden();
    options.has_casts = input_->has_casts();
  }
  if (spec_.format != nullptr) options.on_malformed = spec_.format->on_malformed();
  options.has_dead_letters = spec_.dead_letters != nullptr || spec_.sinks.empty();
  ASSIGN_OR_RETURN(Transform transform, Transform::bind(*session_, std::move(options)));
  const bool changed = !transform_ || transform_->output() != transform.output();
  transform_ = std::move(transform);
  if (input_ != nullptr && input_->has_casts() && !transform_->refuses_uncast()) {
    input_->stage_casts(spec_.transform);
  }
  if (!changed && sinks_checked_) return ok_status();
  for (const auto& sink : spec_.sinks) {
    RETURN_IF_ERROR(sink->writer().check(transform_->output()).with_context(sink->name()));
  }
  if (spec_.dead_letters != nullptr) {
    RETURN_IF_ERROR(spec_.dead_letters->writer()
                        .check(dead_letter_schema())
                        .with_context(spec_.dead_letters->name()));
  }
  sinks_checked_ = true;
  return ok_status();
}

Status EpochExecutor::prepare(const Epoch& epoch, const OffsetRange& range,
                              const TableVersions& versions) {
  RETURN_IF_ERROR(fix_epoch_time(*session_, epoch));
  RETURN_IF_ERROR(bind_tables(versions));
  bool changed = !transform_;
  if (input_ != nullptr && changed) {
    // Binding decides how `input` is read, so it comes first.
    ASSIGN_OR_RETURN(const bool known, input_->define_empty());
    if (known) {
      RETURN_IF_ERROR(bind_transform());
      changed = false;
    }
  }
  if (input_ != nullptr) {
    ASSIGN_OR_RETURN(const bool other_columns, input_->define(range));
    changed = changed || (spec_.format == nullptr && other_columns);
  }
  return changed ? bind_transform() : ok_status();
}

Result<StagedEpoch> EpochExecutor::stage(const Epoch& epoch, const OffsetRange& range,
                                         const TableVersions& versions, bool repeated) {
  ASSIGN_OR_RETURN(const std::vector<size_t> pending, pending_sinks(epoch, repeated));
  ASSIGN_OR_RETURN(Pass pass, write_guarded(epoch, range, versions, pending));
  const auto finish = [&]() -> Result<StagedEpoch> {
    RETURN_IF_ERROR(refuse_failed(pass));
    ASSIGN_OR_RETURN(const Accounting accounting, balance(pass));
    ASSIGN_OR_RETURN(std::optional<Committable> dead,
                     write_dead_letters(epoch, pass, accounting, repeated));
    StagedEpoch staged(epoch, accounting);
    // They come first: a reader that sees the epoch's rows can find the rest of its input.
    if (dead) staged.add(*spec_.dead_letters, std::move(*dead));
    return staged;
  };
  Result<StagedEpoch> staged = finish();
  if (!staged.ok()) {
    discard(pass);
    return staged;
  }
  for (auto& [number, committable] : pass.committables) {
    staged->add(*spec_.sinks[number], std::move(committable));
  }
  return staged;
}

// Sinks that do not have the epoch yet.
Result<std::vector<size_t>> EpochExecutor::pending_sinks(const Epoch& epoch, bool repeated) {
  std::vector<size_t> pending;
  for (size_t i = 0; i < spec_.sinks.size(); ++i) {
    std::optional<int64_t> last;
    if (repeated) {
      Result<std::optional<int64_t>> found = spec_.sinks[i]->committer().last_committed();
      if (!found.ok()) return found.status().with_context(spec_.sinks[i]->name());
      last = *found;
    }
    if (!last || *last < epoch.id) pending.push_back(i);
  }
  return pending;
}

// If the transform fails on a row, the epoch is run once more with that row refused.
Result<EpochExecutor::Pass> EpochExecutor::write_guarded(const Epoch& epoch,
                                                         const OffsetRange& range,
                                                         const TableVersions& versions,
                                                         const std::vector<size_t>& pending) {
  RETURN_IF_ERROR(prepare(epoch, range, versions));
  Result<Pass> pass = write_rows(epoch, pending);
  if (pass.ok() || !is_row_failure(pass.status()) || transform_->guarded() ||
      !transform_->can_guard()) {
    return pass;
  }
  transform_->guard(first_line(pass.status().message()));
  RETURN_IF_ERROR(prepare(epoch, range, versions));
  return write_rows(epoch, pending);
}

Result<EpochExecutor::Pass> EpochExecutor::write_rows(const Epoch& epoch,
                                                      const std::vector<size_t>& pending) {
  Pass pass;
  gate_.reset(transform_->policy());
  const auto write = [&]() -> Status {
    RETURN_IF_ERROR(write_to_sinks(epoch, pending, pass));
    pass.gate = gate_.take();
    if (input_ == nullptr) return ok_status();
    RETURN_IF_ERROR(input_->finish_reading());
    ASSIGN_OR_RETURN(pass.read, input_->tally());
    return ok_status();
  };
  const Status written = write();
  if (!written.ok()) {
    discard(pass);
    return written;
  }
  return pass;
}

Status EpochExecutor::write_to_sinks(const Epoch& epoch, const std::vector<size_t>& pending,
                                     Pass& pass) {
  std::string select = transform_->accepted(gate_id_);
  if (pending.empty()) {  // a repeated epoch that every sink has: only its accounting is wanted
    ASSIGN_OR_RETURN(const engine::Rows rows,
                     session_->query("SELECT count(*) FROM (" + select + "\n)"));
    pass.rows = static_cast<uint64_t>(rows.integer(0, 0));
    if (input_ != nullptr) input_->forget_captured();
    return ok_status();
  }
  if (pending.size() > 1) {
    RETURN_IF_ERROR(session_->execute("CREATE OR REPLACE TEMP TABLE lakeward_result AS " + select));
    select = std::string("SELECT * FROM ") + kResultTable;
  }
  for (const size_t number : pending) {
    Sink& sink = *spec_.sinks[number];
    Result<Committable> written = sink.writer().write(*session_, select, epoch);
    if (!written.ok()) {
      // A row on which the transform fails has nothing to do with the sink.
      return is_row_failure(written.status()) ? written.status()
                                              : written.status().with_context(sink.name());
    }
    if (!pass.committables.empty() && written->rows != pass.rows) {
      return internal_error(sink.name() + " wrote " + format_count(written->rows) + " rows of " +
                            format_count(pass.rows));
    }
    pass.rows = written->rows;
    pass.committables.emplace_back(number, std::move(written).value());
  }
  if (pending.size() > 1) {
    return session_->execute(std::string("DROP TABLE ") + kResultTable);
  }
  return ok_status();
}

void EpochExecutor::discard(Pass& pass) {
  for (auto& [number, committable] : pass.committables) {
    spec_.sinks[number]->writer().discard(std::move(committable));
  }
  pass.committables.clear();
}

Status EpochExecutor::refuse_failed(const Pass& pass) {
  if (pass.gate.failed == 0) return ok_status();
  const auto [mask, position] = *pass.gate.first_failed;
  std::string example;
  if (transform_->has_positions()) {
    RETURN_IF_ERROR(input_->define_records({position}, true));
    ASSIGN_OR_RETURN(
        const engine::Rows rows,
        session_->query(std::string("SELECT ") + kPlace +
                        ", left(raw, 500) FROM (SELECT _file AS file, _line AS line, _topic AS "
                        "topic, _partition AS \"partition\", _offset AS \"offset\", _raw AS raw "
                        "FROM lakeward_records)"));
    if (rows.size() > 0) example = "\n  The first, at " + rows.text(0, 0) + ": " + rows.text(0, 1);
  }
  return expectation_failed(format_count(pass.gate.failed) + " of " +
                            format_count(pass.gate.seen, "row") +
                            (pass.gate.failed == 1 ? " breaks " : " break ") +
                            transform_->describe_mask(mask & transform_->policy().fail) +
                            ", which says 'fail'; nothing of the epoch is committed" + example);
}

// Counts that were taken independently must agree, or nothing is committed.
Result<Accounting> EpochExecutor::balance(const Pass& pass) const {
  const GateTally& gate = pass.gate;
  if (gate.seen != pass.rows + gate.refused()) {
    return internal_error("the epoch does not balance: the transform made " +
                          format_count(gate.seen) + " rows, of which " + format_count(pass.rows) +
                          " were written and " + format_count(gate.refused()) + " refused");
  }
  Accounting accounting;
  accounting.read = input_ == nullptr ? gate.seen : pass.read.records;
  accounting.bytes = pass.read.bytes;
  accounting.lost = pass.read.lost;
  accounting.written = pass.rows;
  accounting.dropped = gate.dropped;
  accounting.malformed = pass.read.malformed.size();
  accounting.dead_lettered = gate.dead_lettered + accounting.malformed;
  accounting.kept_invalid = gate.kept_invalid;
  if (input_ == nullptr || !transform_->row_wise()) return accounting;
  // Records that the format skips count as filtered.
  const uint64_t skipped = pass.read.skipped;
  const uint64_t accounted = accounting.malformed + gate.seen + skipped;
  if (accounted > accounting.read || (accounted < accounting.read && !transform_->has_where())) {
    return internal_error("the epoch does not balance: of " + format_count(accounting.read) +
                          " records, " + format_count(accounting.malformed) + " were malformed, " +
                          format_count(skipped) + " skipped and " + format_count(gate.seen) +
                          " came out of the transform");
  }
  accounting.filtered = accounting.read - accounted + skipped;
  return accounting;
}

Result<std::string> EpochExecutor::define_dead_letters(const Pass& pass,
                                                       MalformedTable& malformed) {
  std::vector<uint64_t> positions;
  for (const auto& [position, reason] : pass.read.malformed) positions.push_back(position);
  const bool has_positions = transform_->has_positions();
  if (has_positions) {
    positions.insert(positions.end(), pass.gate.dead_positions.begin(),
                     pass.gate.dead_positions.end());
    std::sort(positions.begin(), positions.end());
    positions.erase(std::unique(positions.begin(), positions.end()), positions.end());
  }
  if (!positions.empty()) {
    // A transform without positions is run as a whole again, over all of `input`.
    RETURN_IF_ERROR(input_->define_records(positions, has_positions));
    records_again_ = positions.size();
  }
  const bool any_malformed = !pass.read.malformed.empty();
  if (any_malformed) RETURN_IF_ERROR(session_->define_relation(kMalformedTable, malformed));
  dead_gate_.reset(transform_->policy());
  return dead_letter_select(*transform_, dead_gate_id_, any_malformed, pass.gate.dead_lettered > 0);
}

Result<std::optional<Committable>> EpochExecutor::write_dead_letters(const Epoch& epoch,
                                                                     const Pass& pass,
                                                                     const Accounting& accounting,
                                                                     bool repeated) {
  if (accounting.dead_lettered == 0) return {std::nullopt};
  if (spec_.dead_letters == nullptr) {
    return invalid_argument(format_count(accounting.dead_lettered) +
                            " rows are to be dead-lettered, and there is no table for them");
  }
  Sink& sink = *spec_.dead_letters;
  const auto write = [&]() -> Result<std::optional<Committable>> {
    if (repeated) {
      ASSIGN_OR_RETURN(const std::optional<int64_t> last, sink.committer().last_committed());
      if (last && *last >= epoch.id) return {std::nullopt};
    }
    MalformedTable malformed(pass.read.malformed);
    records_again_ = 0;
    ASSIGN_OR_RETURN(const std::string select, define_dead_letters(pass, malformed));
    ASSIGN_OR_RETURN(Committable committable, sink.writer().write(*session_, select, epoch));
    Status complete = records_again_ > 0 ? input_->check_records(records_again_) : ok_status();
    if (complete.ok() && committable.rows != accounting.dead_lettered) {
      complete =
          internal_error(format_count(accounting.dead_lettered) + " rows were rejected, but " +
                         format_count(committable.rows) + " when they were read again");
    }
    if (!complete.ok()) {
      sink.writer().discard(std::move(committable));
      return complete;
    }
    return {std::move(committable)};
  };
  Result<std::optional<Committable>> written = write();
  if (!written.ok()) return written.status().with_context(sink.name());
  return written;
}

Result<Peek> EpochExecutor::peek(const Epoch& epoch, const OffsetRange& range,
                                 const TableVersions& versions, size_t count) {
  const std::string limit = " LIMIT " + std::to_string(count);
  const auto show = [&]() -> Result<engine::Rows> {
    RETURN_IF_ERROR(prepare(epoch, range, versions));
    gate_.reset(transform_->policy());
    return session_->query("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (" +
                           transform_->accepted(gate_id_) + "\n)" + limit);
  };
  Result<engine::Rows> rows = show();
  if (!rows.ok() && is_row_failure(rows.status()) && transform_->can_guard()) {
    transform_->guard(first_line(rows.status().message()));
    rows = show();
  }
  if (!rows.ok()) return rows.status();
  Peek peek{transform_->output(), std::move(rows).value(), {}};
  Pass pass;
  pass.gate = gate_.take();
  if (input_ != nullptr) {
    RETURN_IF_ERROR(input_->finish_reading());
    ASSIGN_OR_RETURN(pass.read, input_->tally());
  }
  if (pass.gate.failed > 0) {
    peek.rejected.push_back(
        format_count(pass.gate.failed, "row") + (pass.gate.failed == 1 ? " breaks " : " break ") +
        transform_->describe_mask(pass.gate.first_failed->first) + ", which says 'fail'");
  }
  if (pass.gate.dropped > 0) {
    peek.rejected.push_back(format_count(pass.gate.dropped, "row") +
                            (pass.gate.dropped == 1 ? " is dropped" : " are dropped"));
  }
  MalformedTable malformed(pass.read.malformed);
  ASSIGN_OR_RETURN(const std::string dead, define_dead_letters(pass, malformed));
  if (dead.empty()) return peek;
  ASSIGN_OR_RETURN(
      const engine::Rows rejected,
      session_->query(std::string("SELECT ") + kPlace + ", reason FROM (" + dead + "\n)" + limit));
  for (size_t i = 0; i < rejected.size(); ++i) {
    peek.rejected.push_back(rejected.text(i, 0) + ": " + rejected.text(i, 1));
  }
  return peek;
}

}  // namespace lakeward::stream
