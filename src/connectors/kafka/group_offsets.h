// What a pipeline tells a consumer group of how far it has read, for tools that watch the lag.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "connectors/kafka/client.h"
#include "connectors/kafka/offsets.h"

namespace lakeward::connectors::kafka {

// Whether `group` may be used, as far as the brokers say so. Errors: InvalidArgument, with what the
// user needs (`permission`).
Status check_group(Client& client, const std::string& group, const std::string& permission);

// Stores offsets in a group that nobody is a member of, by an administrator's request: a consumer
// of librdkafka's that commits looks for the group's coordinator without a pause if it may not use
// the group, cannot be ended meanwhile, and never says why. One request is under way at a time; if
// there is news before the answer, only the newest is sent. Nothing that goes wrong touches the
// pipeline; what somebody must mend is told of in the log, once. Used by one thread.
class GroupOffsets {
 public:
  explicit GroupOffsets(std::string group) : group_(std::move(group)) {}
  // Waits for a moment for what is under way.
  ~GroupOffsets();
  GroupOffsets(const GroupOffsets&) = delete;
  GroupOffsets& operator=(const GroupOffsets&) = delete;

  // `client` must be the same each time, and outlive this.
  void store(const Offsets& offsets, Client& client);

 private:
  void send(const Offsets& offsets);
  // Takes the answer, if it comes in time, and sends what has waited for it.
  void take_answer(int timeout_ms);

  const std::string group_;
  Client* client_ = nullptr;
  rd_kafka_queue_t* answers_ = nullptr;
  bool under_way_ = false;
  bool refused_ = false;
  std::optional<Offsets> next_;
};

}  // namespace lakeward::connectors::kafka
