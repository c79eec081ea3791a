#include "stream/epoch_loop.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/units.h"
#include "stream/accounting_json.h"
#include "stream/refused_schemas.h"
#include "stream/table_versions.h"
#include "stream/utf8.h"

namespace lakeward::stream {
namespace {

using Json = nlohmann::ordered_json;

constexpr Duration kFirstBackoff{100'000};
constexpr Duration kLongestBackoff{10'000'000};

Timestamp whole_millis(Timestamp time) { return Timestamp::from_millis(time.millis()); }

}  // namespace

std::string_view to_string(PipelineState state) {
  switch (state) {
    case PipelineState::kNew:
      return "new";
    case PipelineState::kRunning:
      return "running";
    case PipelineState::kIdle:
      return "idle";
    case PipelineState::kRetrying:
      return "retrying";
    case PipelineState::kStopped:
      return "stopped";
    case PipelineState::kFailed:
      return "failed";
  }
  return "?";
}

Status EpochLoop::prepare() {
  ASSIGN_OR_RETURN(executor_, EpochExecutor::make(spec_, environment_.database));
  return executor_->bind().status();
}

Status EpochLoop::run(Duration every, std::stop_token stop) {
  return loop(PlanMode::kFollow, every, stop);
}

Status EpochLoop::drain(std::stop_token stop) {
  const Status drained = loop(PlanMode::kDrain, Duration{0}, stop);
  if (drained.ok() && stop.stop_requested()) return cancelled("stopped before the end");
  return drained;
}

Status EpochLoop::loop(PlanMode mode, Duration every, std::stop_token stop) {
  CHECK(spec_.checkpoint != nullptr && !spec_.sinks.empty(), "only peek() does without them");
  interrupted_ = false;
  recovered_ = false;
  executor_->stop_by(stop);
  uint64_t failures = 0;
  while (true) {
    // A pipeline that waits for somebody stays `retrying` until it gets on.
    if (failures == 0) set_state(PipelineState::kRunning);
    got_on_ = false;
    if (environment_.observer != nullptr) environment_.observer->attempting();
    Status outcome = attempt(mode, every, stop);
    if (outcome.ok() || (outcome.code() == StatusCode::kCancelled && stop.stop_requested())) {
      set_state(PipelineState::kStopped);
      return ok_status();
    }
    recovered_ = false;  // what is durable decides how to go on
    if (!outcome.retriable() ||
        (environment_.observer != nullptr && environment_.observer->gives_up(outcome))) {
      outcome = spec_.checkpoint->source_log(0).name_checkpoint(std::move(outcome));
      note_error(outcome, 0);
      set_state(PipelineState::kFailed);
      return outcome;
    }
    failures = got_on_ ? 1 : failures + 1;
    note_error(outcome, failures);
    const Duration delay = backoff(failures);
    if (environment_.observer != nullptr) {
      environment_.observer->retrying(outcome, failures, delay);
    }
    if (!environment_.clock.wait(delay, stop)) {
      set_state(PipelineState::kStopped);
      return ok_status();
    }
  }
}

// 100 ms, 200 ms, … 10 s, each shortened by up to a half, so that many pipelines do not return to a
// recovering system all at once.
Duration EpochLoop::backoff(uint64_t attempt) {
  const uint64_t doublings = std::min<uint64_t>(attempt - 1, 20);
  const int64_t full = std::min(kFirstBackoff.count() << doublings, kLongestBackoff.count());
  return Duration{static_cast<int64_t>(static_cast<double>(full) *
                                       (0.5 + 0.5 * environment_.random.uniform()))};
}

Status EpochLoop::attempt(PlanMode mode, Duration every, std::stop_token stop) {
  const Status followed = follow(mode, every, stop);
  const Status settled = settle();
  return settled.ok() ? followed : settled;  // of two failures, that of the earlier epoch
}

Status EpochLoop::follow(PlanMode mode, Duration every, std::stop_token stop) {
  if (!recovered_) RETURN_IF_ERROR(recover());
  while (!stop.stop_requested() && !interrupted_) {
    const Timestamp begun = environment_.clock.now();
    if (unfinished_) {
      RETURN_IF_ERROR(run_epoch(*std::exchange(unfinished_, std::nullopt)));
      RETURN_IF_ERROR(settle());
      continue;
    }
    ASSIGN_OR_RETURN(std::optional<Plan> next, plan(mode, stop));
    const bool found = next.has_value();
    if (found) {
      if (status().retries == 0) set_state(PipelineState::kRunning);
      RETURN_IF_ERROR(run_epoch(std::move(*next)));
    } else {
      if (mode == PlanMode::kDrain) {
        note_progress(PipelineState::kRunning);  // whatever failed before, it asked for nothing
        return ok_status();
      }
      if (!in_flight_) {
        note_progress(PipelineState::kIdle);
        if (environment_.observer != nullptr) environment_.observer->idle();
      }
    }
    if (mode == PlanMode::kDrain || (found && last_was_full_)) continue;
    RETURN_IF_ERROR(pause(every - (environment_.clock.now() - begun), stop));
  }
  return ok_status();
}

Status EpochLoop::pause(Duration rest, std::stop_token stop) {
  const Timestamp until = environment_.clock.now() + rest;
  while (!stop.stop_requested()) {
    if (worker_.ended()) RETURN_IF_ERROR(settle());
    rest = until - environment_.clock.now();
    if (rest.count() <= 0) break;
    std::stop_source woken;
    const auto wake = [&] { woken.request_stop(); };
    const std::stop_callback by_stop(stop, wake);
    const std::stop_callback by_commit(worker_.end(), wake);
    environment_.clock.wait(rest, woken.get_token());
  }
  return ok_status();
}

Status EpochLoop::recover() {
  checkpoint::CheckpointLog& log = *spec_.checkpoint;
  RETURN_IF_ERROR(log.lock());
  if (!attached_ && !is_view()) {
    RETURN_IF_ERROR(spec_.source->attach(log.source_log(0)));
    attached_ = true;
  }
  ASSIGN_OR_RETURN(std::optional<checkpoint::Recovered> found, log.recover());
  unfinished_.reset();
  last_.reset();
  if (found) {
    const std::string place =
        "checkpoint " + log.folder() + ", epoch " + std::to_string(found->last.id);
    if (found->last.offsets.size() != 1 || !found->last.offsets[0]) {
      return corruption(place + " is of " + std::to_string(found->last.offsets.size()) +
                        " sources; this pipeline has one");
    }
    if (found->committed) {
      last_ = std::move(found->last);
      // A crash may have come between the commit and this.
      if (!is_view()) RETURN_IF_ERROR(forget_refused_schemas(log.source_log(0), last_->id));
    } else {
      Plan plan;
      plan.begun = plan.repeated = true;
      plan.epoch = found->last;
      plan.range.to = *found->last.offsets[0];
      if (found->previous) {
        if (found->previous->offsets.size() != 1) {
          return corruption(place + ": the epoch before it has another number of sources");
        }
        plan.range.from = found->previous->offsets[0];
        last_ = std::move(found->previous);
      }
      const Json extra =
          Json::parse(plan.epoch.extra.empty() ? "{}" : plan.epoch.extra, nullptr, false);
      if (is_view()) {
        ASSIGN_OR_RETURN(plan.versions,
                         parse_versions(Json::parse(plan.range.to, nullptr, false), place));
      } else if (extra.contains("tables")) {
        ASSIGN_OR_RETURN(plan.versions, parse_versions(extra["tables"], place));
      }
      if (!is_view()) {
        ASSIGN_OR_RETURN(plan.refused, kept_refused_schemas(log.source_log(0), plan.epoch.id));
        plan.refused_kept = plan.refused.has_value();
      }
      unfinished_ = std::move(plan);
    }
  }
  RETURN_IF_ERROR(check_sinks());
  {
    std::lock_guard lock(mutex_);
    if (last_) status_.last_epoch = Epoch{last_->id, last_->time};
  }
  // A crash may have come between the commit and this.
  if (last_ && !is_view()) RETURN_IF_ERROR(spec_.source->acknowledge(*last_->offsets[0]));
  recovered_ = true;
  return ok_status();
}

// A sink that is ahead of the checkpoint would take new epochs for repeated ones, and lose them.
Status EpochLoop::check_sinks() const {
  const int64_t planned = unfinished_ ? unfinished_->epoch.id : last_ ? last_->id : -1;
  const auto check = [&](Sink& sink) -> Status {
    Result<std::optional<int64_t>> last = sink.committer().last_committed();
    if (!last.ok()) return last.status().with_context(sink.name());
    if (!*last || **last <= planned) return ok_status();
    return corruption(sink.name() + " has epoch " + std::to_string(**last) + " of '" + spec_.name +
                      "', but the checkpoint " + spec_.checkpoint->folder() +
                      (planned < 0 ? " has none" : " ends at epoch " + std::to_string(planned)) +
                      "\n  The checkpoint was lost or belongs to another table: restore it, or "
                      "begin with a new checkpoint.");
  };
  for (const auto& sink : spec_.sinks) RETURN_IF_ERROR(check(*sink));
  if (spec_.dead_letters != nullptr) RETURN_IF_ERROR(check(*spec_.dead_letters));
  return ok_status();
}

Result<TableVersions> EpochLoop::versions_now(PlanMode mode) {
  TableVersions versions;
  for (const std::string& table : spec_.lake_tables) {
    ASSIGN_OR_RETURN(const std::optional<int64_t> version, spec_.tables->version(table));
    if (!version) {
      std::string message = "the transform reads the table " + table + ", which does not exist yet";
      return mode == PlanMode::kDrain ? not_found(std::move(message))
                                      : unavailable(std::move(message));
    }
    versions[table] = *version;
  }
  return versions;
}

// A view is refreshed when a table that it reads has a new version, or when its query is another.
Result<std::optional<Offset>> EpochLoop::plan_view(TableVersions& versions) {
  for (const std::string& table : spec_.lake_tables) {
    ASSIGN_OR_RETURN(const std::optional<int64_t> version, spec_.tables->version(table));
    if (!version) return {std::nullopt};
    versions[table] = *version;
  }
  Offset offset = versions_json(versions);
  if (last_ && last_->offsets[0] == offset && last_->extra == extra_of(versions)) {
    return {std::nullopt};
  }
  return {std::move(offset)};
}

std::string EpochLoop::extra_of(const TableVersions& versions) const {
  if (is_view()) return Json{{"query", fingerprint(spec_.transform)}}.dump();
  if (versions.empty()) return "";
  return R"({"tables":)" + versions_json(versions) + "}";
}

bool EpochLoop::reads_only_others() const {
  const auto writes = [&](const Sink& sink, const std::string& table) {
    return equal_names(sink.lake_table(), table);
  };
  return std::none_of(spec_.lake_tables.begin(), spec_.lake_tables.end(), [&](const auto& table) {
    return (spec_.dead_letters != nullptr && writes(*spec_.dead_letters, table)) ||
           std::any_of(spec_.sinks.begin(), spec_.sinks.end(),
                       [&](const auto& sink) { return writes(*sink, table); });
  });
}

const checkpoint::PlannedEpoch* EpochLoop::last_planned() const {
  if (in_flight_) return &in_flight_->plan.epoch;
  return last_ ? &*last_ : nullptr;
}

Result<std::optional<EpochLoop::Plan>> EpochLoop::plan(PlanMode mode, std::stop_token stop) {
  Plan plan;
  const checkpoint::PlannedEpoch* const last = last_planned();
  if (last != nullptr) plan.range.from = last->offsets[0];
  std::optional<Offset> to;
  if (is_view()) {
    ASSIGN_OR_RETURN(to, plan_view(plan.versions));
  } else {
    ASSIGN_OR_RETURN(to, spec_.source->plan(plan.range.from, spec_.limits, mode, stop));
    plan.is_full = spec_.source->left_behind();
    if (to && to != plan.range.from) {
      ASSIGN_OR_RETURN(plan.versions, versions_now(mode));
    }
  }
  if (!to || (!is_view() && to == plan.range.from)) return {std::nullopt};
  plan.range.to = std::move(*to);
  plan.epoch.id = last != nullptr ? last->id + 1 : 0;
  plan.epoch.time = whole_millis(environment_.clock.now());
  if (last != nullptr) plan.epoch.time = std::max(plan.epoch.time, last->time);
  plan.epoch.offsets = {plan.range.to};
  plan.epoch.extra = extra_of(plan.versions);
  return {std::move(plan)};
}

Status EpochLoop::run_epoch(Plan plan) {
  const Timestamp since = environment_.clock.now();
  if (!in_flight_ && !plan.begun) {
    RETURN_IF_ERROR(spec_.checkpoint->begin(plan.epoch));
    plan.begun = true;
  }
  if (spec_.format != nullptr) spec_.format->begin_epoch(plan.refused);
  Result<StagedEpoch> stage_outcome =
      executor_->stage({plan.epoch.id, plan.epoch.time}, plan.range, plan.versions, plan.repeated);
  if (!stage_outcome.ok()) return explain_memory(stage_outcome.status(), plan.epoch.id);
  StagedEpoch staged = std::move(*stage_outcome);
  if (spec_.format != nullptr) plan.refused = spec_.format->refused_schemas();
  const Status settled = settle();
  if (!settled.ok()) {
    staged.discard();
    return settled;
  }
  last_was_full_ = plan.is_full || is_full(staged.accounting());
  // What a source plans next may wait for the commit of an epoch that reads nothing (Kafka: a topic
  // that was made anew).
  const bool overlaps = can_overlap_ && staged.overlaps() && staged.accounting().read > 0;
  in_flight_.emplace(InFlight{std::move(plan), std::move(staged), since});
  if (!overlaps) return settle();
  worker_.start([this] { return commit(*in_flight_); });
  return ok_status();
}

Status EpochLoop::commit(InFlight& epoch) {
  checkpoint::CheckpointLog& log = *spec_.checkpoint;
  if (!epoch.plan.begun) {
    RETURN_IF_ERROR(log.begin(epoch.plan.epoch));
    epoch.plan.begun = true;
  }
  RETURN_IF_ERROR(keep_refused(epoch));
  RETURN_IF_ERROR(epoch.staged.commit());
  RETURN_IF_ERROR(log.finish(epoch.plan.epoch.id, accounting_to_json(epoch.staged.accounting())));
  if (!epoch.plan.refused_kept) return ok_status();
  return forget_refused_schemas(log.source_log(0), epoch.plan.epoch.id);
}

Status EpochLoop::keep_refused(InFlight& epoch) {
  const std::optional<format::RefusedSchemas>& refused = epoch.plan.refused;
  if (!refused || epoch.plan.refused_kept) return ok_status();
  if (refused->empty() && epoch.staged.accounting().dead_lettered == 0) return ok_status();
  RETURN_IF_ERROR(
      keep_refused_schemas(spec_.checkpoint->source_log(0), epoch.plan.epoch.id, *refused));
  epoch.plan.refused_kept = true;
  return ok_status();
}

Status EpochLoop::settle() {
  if (!in_flight_) return ok_status();
  const Status committed = worker_.busy() ? worker_.wait() : commit(*in_flight_);
  InFlight epoch = *std::exchange(in_flight_, std::nullopt);
  if (committed.ok()) return note_committed(epoch);
  // Once it is begun, a part of it may be visible.
  if (!epoch.plan.begun) epoch.staged.discard();
  return explain_memory(committed, epoch.plan.epoch.id);
}

Status EpochLoop::note_committed(const InFlight& epoch) {
  last_ = epoch.plan.epoch;
  EpochReport report;
  report.epoch = epoch.staged.epoch();
  report.repeated = epoch.plan.repeated;
  report.accounting = epoch.staged.accounting();
  report.output_bytes = epoch.staged.bytes();
  report.took = environment_.clock.now() - epoch.since;
  note_epoch(report);
  if (!is_view()) {
    const Offset& to = epoch.plan.range.to;
    RETURN_IF_ERROR(spec_.source->acknowledge(to));
    Result<std::string> position = spec_.source->position(to);
    if (position.ok()) {
      std::lock_guard lock(mutex_);
      status_.position = std::move(*position);
    }
  }
  if (environment_.observer != nullptr) environment_.observer->epoch_finished(report);
  return ok_status();
}

// An epoch that took all that it may is followed by the next one at once.
bool EpochLoop::is_full(const Accounting& accounting) const {
  return (spec_.limits.rows > 0 && accounting.read >= spec_.limits.rows) ||
         (spec_.limits.bytes > 0 && accounting.bytes >= spec_.limits.bytes);
}

Result<std::optional<engine::Schema>> EpochLoop::output_schema() {
  if (executor_->output()) return executor_->output();
  RETURN_IF_ERROR(executor_->bind().status());
  return executor_->output();
}

PipelineStatus EpochLoop::status() const {
  std::string problem;
  const auto note = [&](const Sink& sink) {
    const std::string own = sink.problem();
    if (!own.empty()) problem += (problem.empty() ? "" : "; ") + sink.name() + ": " + own;
  };
  for (const auto& sink : spec_.sinks) note(*sink);
  if (spec_.dead_letters != nullptr) note(*spec_.dead_letters);
  std::lock_guard lock(mutex_);
  PipelineStatus status = status_;
  status.problem = std::move(problem);
  return status;
}

void EpochLoop::interrupt() {
  interrupted_ = true;
  executor_->interrupt();
}

void EpochLoop::set_state(PipelineState state) {
  std::lock_guard lock(mutex_);
  status_.state = state;
}

void EpochLoop::note_error(const Status& error, uint64_t attempt) {
  std::lock_guard lock(mutex_);
  const Timestamp now = environment_.clock.now();
  if (attempt > 0) {
    status_.state = PipelineState::kRetrying;
    if (attempt == 1) status_.retrying_since = now;
  }
  status_.retries = attempt;
  status_.last_error = error.message();
  status_.last_error_time = now;
}

void EpochLoop::note_progress(PipelineState state) {
  got_on_ = true;
  std::lock_guard lock(mutex_);
  status_.state = state;
  status_.retries = 0;
  status_.retrying_since.reset();
}

void EpochLoop::note_epoch(const EpochReport& report) {
  note_progress(PipelineState::kRunning);
  std::lock_guard lock(mutex_);
  status_.last_epoch = report.epoch;
  ++status_.epochs;
  status_.total += report.accounting;
}

}  // namespace lakeward::stream
