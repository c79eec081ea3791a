#include "connectors/delta/compaction_lane.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "base/units.h"

namespace lakeward::connectors::delta {
namespace {

using lakeward::delta::Compactor;
using lakeward::delta::MergeCommit;
using lakeward::delta::MergeTotals;
using lakeward::delta::TierPolicy;

// Of each second, at most a quarter is merging, unless files come faster than that allows.
constexpr int kRestPerWork = 3;
// While a long round writes a large file, the lowest tier fills several times over. A rest ends
// when so many commits have come since its round began: the next round, of small files, is a short
// one.
constexpr uint64_t kUrgentCommits = 2 * TierPolicy().fan_in;
constexpr Duration kFirstPause{1'000'000};
constexpr Duration kLongestPause = std::chrono::minutes(10);
// How often a thread that is to end is told so.
constexpr auto kInterruptPeriod = std::chrono::milliseconds(20);

}  // namespace

CompactionLane::CompactionLane(std::string name, io::ObjectStore& store, std::string path,
                               engine::Database& database, Clock& clock, const Band& band)
    : name_(std::move(name)),
      store_(store),
      path_(std::move(path)),
      database_(database),
      clock_(clock),
      band_(band) {}

void CompactionLane::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  {
    std::unique_lock lock(mutex_);
    // Between two queries an interruption has no effect, so it is repeated.
    while (!changed_.wait_for(lock, kInterruptPeriod, [this] { return ended_; })) {
      if (compactor_ != nullptr) compactor_->interrupt();
    }
  }
  thread_.join();
}

void CompactionLane::note_commit() {
  const std::lock_guard lock(mutex_);
  if (++commits_ < band_.policy.fan_in) return;
  if (!thread_.joinable()) thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
  changed_.notify_all();
}

std::string CompactionLane::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

MergeTotals CompactionLane::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

Duration CompactionLane::busy() const {
  const std::lock_guard lock(mutex_);
  return busy_;
}

void CompactionLane::run(std::stop_token stop) {
  uint64_t seen = 0;
  bool again = false;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      const auto is_due = [&] { return again || commits_ >= seen + band_.commits_a_round; };
      if (!changed_.wait(lock, stop, is_due)) break;
      seen = commits_;
    }
    if (stop.stop_requested()) break;
    const Rest rest = work(stop, again);
    if (!pause(rest, seen, stop)) break;
  }
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
}

bool CompactionLane::pause(Rest rest, uint64_t seen, std::stop_token stop) {
  if (rest.length.count() == 0) return !stop.stop_requested();
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, rest.length,
                    [&] { return !rest.whole && commits_ >= seen + kUrgentCommits; });
  return !stop.stop_requested();
}

CompactionLane::Rest CompactionLane::work(std::stop_token stop, bool& again) {
  const Timestamp begun = clock_.now();
  const Result<MergeCommit> done = run_round(stop);
  const Duration took = clock_.now() - begun;
  again = done.ok() ? done->totals.files_removed > 0 : !stop.stop_requested();
  if (stop.stop_requested()) return {};
  if (!done.ok()) {
    return {.length = std::max(note_failure(done.status()), kRestPerWork * took), .whole = true};
  }
  note_success(*done, took);
  return {.length = kRestPerWork * took, .whole = !band_.is_urgent};
}

Result<MergeCommit> CompactionLane::run_round(std::stop_token stop) {
  if (compactor_ == nullptr) {
    ASSIGN_OR_RETURN(auto opened, Compactor::open(store_, path_, database_, clock_, band_.policy));
    const std::lock_guard lock(mutex_);
    compactor_ = std::move(opened);
  }
  return compactor_->run_round(stop);
}

Duration CompactionLane::note_failure(const Status& status) {
  Duration pause;
  bool is_news = false;
  {
    const std::lock_guard lock(mutex_);
    is_news = problem_ != status.message();
    problem_ = status.message();
    pause =
        std::min(kFirstPause * (int64_t{1} << std::min<uint64_t>(failures_, 20)), kLongestPause);
    ++failures_;
  }
  // The pipeline goes on: the rows are all there, in more files than there need be.
  if (is_news) spdlog::warn("{}: small files cannot be merged: {}", name_, status.message());
  return pause;
}

void CompactionLane::note_success(const MergeCommit& done, Duration took) {
  if (!done.maintenance.ok()) {
    spdlog::warn("{}: files were merged, but a checkpoint or the log's clean-up failed: {}", name_,
                 done.maintenance.message());
  }
  if (done.totals.commits > 0) {
    spdlog::debug("{}: merged {} files into {} in {}", name_, done.totals.files_removed,
                  done.totals.files_added, format_duration(took));
  }
  const std::string problem = compactor_->problem().message();
  const std::lock_guard lock(mutex_);
  if (!problem.empty() && problem != problem_) {
    spdlog::warn("{}: some small files cannot be merged: {}", name_, problem);
  } else if (problem.empty() && !problem_.empty()) {
    spdlog::warn("{}: small files are merged again", name_);
  }
  failures_ = 0;
  problem_ = problem;
  totals_ += done.totals;
  busy_ += took;
}

}  // namespace lakeward::connectors::delta
