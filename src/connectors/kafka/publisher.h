// Sends single records to a topic, for commands that are no pipeline.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/status.h"
#include "connectors/kafka/cluster.h"

namespace lakeward::connectors::kafka {

// How a publisher waits for brokers that do not answer.
struct Waiting {
  // Told once that nothing is taken, and when it goes on.
  std::function<void(const std::string&)> say;
  // Ends the waiting: what brokers do not take within a second after it is given up.
  std::stop_token stop;
};

// Each record once and in order, as long as the process lives; acknowledged by all replicas. Used
// by one thread. Brokers that take nothing for a while are waited for. Errors: Cancelled if that
// was stopped; InvalidArgument for what somebody must mend.
class Publisher {
 public:
  // Errors also: NotFound if there is no such topic; Unavailable if nobody listens at the brokers'
  // addresses.
  static Result<std::unique_ptr<Publisher>> open(const Cluster& cluster, const std::string& topic,
                                                 Waiting waiting);
  virtual ~Publisher() = default;

  // Queues a record; what it points to is copied.
  virtual Status send(std::optional<std::string_view> key, std::string_view value) = 0;
  // Returns when the brokers have all records.
  virtual Status flush() = 0;
};

}  // namespace lakeward::connectors::kafka
