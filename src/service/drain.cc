#include "service/drain.h"

#include <algorithm>

#include "service/task.h"

namespace lakeward::service {
namespace {

// How often it is looked at whether the pipeline that works has begun to wait.
constexpr auto kLookPeriod = std::chrono::milliseconds(100);

}  // namespace

Runner::Drain::Drain(Runner& runner, std::stop_token stop)
    : runner_(runner), stop_(std::move(stop)) {
  for (const auto& task : runner_.tasks_) {
    Entry entry{.task = task.get()};
    const auto names = [](const std::vector<std::string>& some, const std::string& name) {
      return std::find(some.begin(), some.end(), name) != some.end();
    };
    for (size_t before = 0; before < entries_.size(); ++before) {
      const std::string& name = entries_[before].task->pipeline().name;
      const bool reads_from = names(task->scheduled().reads_from, name);
      if (reads_from) entry.reads_from.push_back(before);
      if (reads_from || names(task->scheduled().fed_by, name)) entry.after.push_back(before);
    }
    entries_.push_back(std::move(entry));
    task->end_without_memory(
        [this, own = task.get()](Task::SteadyTime since) { return others_worked(*own, since); });
  }
}

void Runner::Drain::run() {
  {
    std::unique_lock lock(mutex_);
    while (true) {
      skip_behind_broken();  // so that what may start now reads from nothing that is broken
      if (all_ended()) break;
      if (nobody_works()) start_next();
      ended_.wait_for(lock, kLookPeriod);
    }
  }
  for (Entry& entry : entries_) {
    if (entry.thread.joinable()) entry.thread.join();
  }
}

bool Runner::Drain::all_ended() const {
  return std::all_of(entries_.begin(), entries_.end(),
                     [](const Entry& entry) { return entry.stage >= Stage::kEnded; });
}

bool Runner::Drain::works(const Entry& entry) {
  return entry.stage == Stage::kRunning && entry.task->report().status.retries == 0;
}

bool Runner::Drain::nobody_works() const {
  return std::none_of(entries_.begin(), entries_.end(), works);
}

bool Runner::Drain::others_worked(const Task& task, Task::SteadyTime since) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.task != &task && entry.task->has_worked_since(since);
  });
}

bool Runner::Drain::may_start(const Entry& entry) const {
  return entry.stage == Stage::kPending &&
         std::all_of(entry.after.begin(), entry.after.end(),
                     [this](size_t before) { return entries_[before].stage >= Stage::kEnded; });
}

void Runner::Drain::skip_behind_broken() {
  for (Entry& entry : entries_) {
    if (entry.stage != Stage::kPending) continue;
    const auto blocking =
        std::find_if(entry.reads_from.begin(), entry.reads_from.end(),
                     [this](size_t before) { return entries_[before].stage == Stage::kBroken; });
    if (blocking == entry.reads_from.end()) continue;
    entry.task->skip(entries_[*blocking].task->pipeline().name);
    entry.stage = Stage::kBroken;
  }
}

void Runner::Drain::start_next() {
  const auto next = std::find_if(entries_.begin(), entries_.end(),
                                 [this](const Entry& entry) { return may_start(entry); });
  if (next == entries_.end()) return;
  next->stage = Stage::kRunning;
  next->thread = std::thread([this, next] { work(*next); });
}

void Runner::Drain::work(Entry& entry) {
  entry.task->end(drain(*entry.task));
  const bool failed = entry.task->report().end == PipelineReport::End::kFailed;
  {
    const std::lock_guard lock(mutex_);
    entry.stage = failed ? Stage::kBroken : Stage::kEnded;
  }
  ended_.notify_all();
}

Status Runner::Drain::drain(Task& task) {
  if (stop_.stop_requested()) return cancelled("interrupted");
  RETURN_IF_ERROR(runner_.resolve(task, stop_));
  RETURN_IF_ERROR(task.build());
  return task.runner().drain(stop_);
}

}  // namespace lakeward::service
