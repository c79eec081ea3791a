// What a pipeline tells a consumer group of how far it has read, for tools that watch the lag.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "connectors/kafka/client.h"
#include "connectors/kafka/group_coordinator.h"
#include "connectors/kafka/offsets.h"

namespace lakeward::connectors::kafka {

// Whether `group` may be used, as far as the brokers say so within 5 s; changes nothing. Errors:
// InvalidArgument, with what the user needs (`permission`).
Status check_group(Client& client, const std::string& group, const std::string& permission);

// Stores offsets in a group that nobody is a member of, on a thread of its own: whoever has them
// never waits. Only the newest are stored; what fails is tried again as soon as the coordinator can
// be asked. Nothing that goes wrong touches the pipeline; what somebody must mend is told of in the
// log, once, and ends it. Used by one thread.
class GroupOffsets {
 public:
  explicit GroupOffsets(std::string group) : group_(std::move(group)) {}
  // Waits until the newest are stored, 2 s at most (and for a look-up of a host's address that is
  // under way, as librdkafka does): a lag that is none would remain.
  ~GroupOffsets();
  GroupOffsets(const GroupOffsets&) = delete;
  GroupOffsets& operator=(const GroupOffsets&) = delete;

  // `client` must be the same each time, and outlive this.
  void store(const Offsets& offsets, const Client& client);

 private:
  void run();
  // Until one fails for good, or it is to end. OK, or why it failed.
  Status store_all();

  const std::string group_;
  const Client* client_ = nullptr;
  Interrupt interrupt_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::optional<Offsets> next_;
  bool ending_ = false;     // once `next_` is stored
  bool abandoned_ = false;  // at once
  bool ended_ = false;      // nothing is stored any more

  std::thread thread_;  // the last member: it uses the others
};

}  // namespace lakeward::connectors::kafka
