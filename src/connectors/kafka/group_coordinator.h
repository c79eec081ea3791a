// The broker that keeps the offsets of a consumer group, asked over connections of our own.
//
// librdkafka can ask it in two ways, neither of which can be used: a consumer that commits looks
// for the coordinator without a pause if it may not use the group, cannot be ended meanwhile, and
// never says why; and an administrator's request to a coordinator that goes away ends the process
// (librdkafka's issue 4605).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "connectors/kafka/client.h"
#include "connectors/kafka/fetch/connection.h"
#include "connectors/kafka/fetch/group_api.h"
#include "connectors/kafka/offsets.h"

namespace lakeward::connectors::kafka {

// Ends what a GroupCoordinator waits for. Thread-safe.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // For good.
  void set();
  bool is_set() const;
  // Is readable once it is set.
  int descriptor() const { return event_; }

 private:
  const int event_;  // an eventfd
};

// Used by one thread. No question waits for longer than 5 s for a connection and 5 s for its
// answer, but for the system's look-up of a host, which has a time of its own.
class GroupCoordinator {
 public:
  // The client says where the brokers are and how to log in; what is asked goes over connections
  // of its own. It must be one of fetch::can_secure(); it and `interrupt` outlive this. Errors:
  // InvalidArgument for certificates that cannot be used.
  static Result<std::unique_ptr<GroupCoordinator>> make(std::string group, const Client& client,
                                                        const Interrupt& interrupt);

  // Stores offsets in the group. Errors: Unavailable if the same may succeed later, after which
  // the coordinator is looked for again; InvalidArgument or Unsupported, with what a user must
  // mend, if not.
  Status commit(const Offsets& offsets);

  // Whether this user may read the group, which is what storing offsets needs; nullopt if the
  // brokers do not say so. Changes nothing. Errors: as commit().
  Result<std::optional<bool>> may_read();

 private:
  using Clock = std::chrono::steady_clock;

  GroupCoordinator(std::string group, const Client& client, const Interrupt& interrupt,
                   fetch::Security security);
  Result<int16_t> try_commit(const Offsets& offsets);
  // With a broker's error if the coordinator was not found.
  Result<fetch::DescribedGroup> describe();
  // Makes the connection one to the coordinator, unless it is. A broker's error, or 0.
  Result<int16_t> find();
  Result<int16_t> find_at(const BrokerAddress& broker);
  void connect_to(const BrokerAddress& broker);
  // Connects and logs in, unless that is done.
  Status let_in();
  // What the next request of this kind begins with. Errors: Unsupported.
  Result<fetch::GroupRequest> next_request(const fetch::GroupApi& api);
  Result<fetch::Answer> ask(std::string question);
  // Until the connection can go on. Errors: Unavailable when it is time, or interrupted.
  Status wait(Clock::time_point deadline);
  // In the words of the service.
  Status refusal(int16_t error) const;
  Status failure(const Status& status) const;

  const std::string group_;
  const Client& client_;
  const Interrupt& interrupt_;
  const fetch::Security security_;
  const std::string client_id_;
  const std::vector<BrokerAddress> brokers_;
  size_t turn_ = 0;  // of the broker that is asked for the coordinator
  int32_t correlation_ = 0;
  fetch::AnswerMemory memory_;
  std::unique_ptr<fetch::Connection> connection_;
  bool found_ = false;  // the connection is one to the coordinator
};

}  // namespace lakeward::connectors::kafka
