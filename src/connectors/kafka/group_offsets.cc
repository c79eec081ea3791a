#include "connectors/kafka/group_offsets.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "connectors/kafka/fetch/security.h"

namespace lakeward::connectors::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kCheckTime{5'000};
constexpr milliseconds kLastTime{2'000};
// Between attempts.
constexpr milliseconds kFirstPause{50};
constexpr milliseconds kLongestPause{1'000};

milliseconds longer(milliseconds pause) {
  return std::clamp(2 * pause, kFirstPause, kLongestPause);
}

// Whether this user may read the group; nullopt if the brokers do not say so in time.
std::optional<bool> may_use(const Client& client, const std::string& group) {
  if (!fetch::can_secure(client.properties())) return std::nullopt;
  const Interrupt never;
  const auto coordinator = GroupCoordinator::make(group, client, never);
  if (!coordinator.ok()) return std::nullopt;
  const auto end = steady_clock::now() + kCheckTime;
  for (milliseconds pause = kFirstPause;; pause = longer(pause)) {
    const Result<std::optional<bool>> may = (*coordinator)->may_read();
    if (may.ok()) return *may;
    if (!may.status().retriable() || steady_clock::now() + pause >= end) return std::nullopt;
    std::this_thread::sleep_for(pause);
  }
}

// Why offsets are not stored.
void tell(const Status& status) {
  spdlog::warn(
      "{}; the pipeline does not need them: until its next start, they are not stored there",
      status.message());
}

}  // namespace

Status check_group(Client& client, const std::string& group, const std::string& permission) {
  if (may_use(client, group) != false) return ok_status();
  return invalid_argument(client.service().name + ": this user may not use the group '" + group +
                          "'; " + permission);
}

GroupOffsets::~GroupOffsets() {
  if (!thread_.joinable()) return;
  {
    std::unique_lock lock(mutex_);
    ending_ = true;
    changed_.notify_all();
    changed_.wait_for(lock, kLastTime, [this] { return ended_; });
    abandoned_ = true;
    changed_.notify_all();
  }
  interrupt_.set();
  thread_.join();
}

void GroupOffsets::store(const Offsets& offsets, const Client& client) {
  const std::lock_guard lock(mutex_);
  if (ended_) return;
  next_ = offsets;
  changed_.notify_all();
  if (thread_.joinable()) return;
  client_ = &client;
  thread_ = std::thread([this] { run(); });
}

void GroupOffsets::run() {
  const Status status = store_all();
  if (!status.ok()) tell(status);
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

Status GroupOffsets::store_all() {
  if (!fetch::can_secure(client_->properties())) {
    return unsupported(client_->service().name + ": the offsets of the group '" + group_ +
                       "' cannot be stored over connections that 'properties' secure in a way that "
                       "only librdkafka knows");
  }
  ASSIGN_OR_RETURN(const auto coordinator, GroupCoordinator::make(group_, *client_, interrupt_));
  milliseconds pause{0};
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ending_ || next_; });
    if (!next_ || abandoned_) return ok_status();
    Offsets offsets = *std::exchange(next_, std::nullopt);
    lock.unlock();
    const Status status = coordinator->commit(offsets);
    lock.lock();
    if (status.ok()) {
      pause = milliseconds{0};
      continue;
    }
    if (!status.retriable()) return status;
    if (!next_) next_ = std::move(offsets);
    pause = longer(pause);
    const bool ending = changed_.wait_for(lock, pause, [this] { return ending_; });
    // Whoever waits for the end has less time than the longest pause.
    if (ending) changed_.wait_for(lock, kFirstPause, [this] { return abandoned_; });
  }
}

}  // namespace lakeward::connectors::kafka
