#include "connectors/delta/background_upkeep.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace lakeward::connectors::delta {

using lakeward::delta::Table;
using lakeward::delta::TableState;

BackgroundUpkeep::~BackgroundUpkeep() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void BackgroundUpkeep::note_due(const TableState& state) {
  const std::lock_guard lock(mutex_);
  due_ = state;
  if (!thread_.joinable()) thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
  changed_.notify_all();
}

std::string BackgroundUpkeep::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

void BackgroundUpkeep::run(std::stop_token stop) {
  while (true) {
    std::optional<TableState> state;
    {
      std::unique_lock lock(mutex_);
      // Also after a request to stop, what is due is done first.
      changed_.wait(lock, stop, [this] { return due_.has_value(); });
      if (!due_) return;
      state = std::exchange(due_, std::nullopt);
    }
    const lakeward::delta::Version version = state->version;
    const Status done = work(*std::move(state));
    if (!done.ok()) {
      // The rows are all there, in a log that is longer than it need be.
      spdlog::warn(
          "{}: version {} is committed, but its checkpoint or the log's clean-up failed: {}", name_,
          version, done.message());
    }
    const std::lock_guard lock(mutex_);
    problem_ = done.message();
  }
}

Status BackgroundUpkeep::work(TableState state) {
  if (!table_) {
    ASSIGN_OR_RETURN(table_, Table::open(store_, path_, database_));
  }
  return upkeep_.run(*table_, std::move(state), clock_.now());
}

}  // namespace lakeward::connectors::delta
