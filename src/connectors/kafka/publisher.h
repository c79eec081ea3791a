// Sends single records to a topic, for commands that are no pipeline.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "connectors/kafka/cluster.h"

namespace lakeward::connectors::kafka {

// Each record once and in order, as long as the process lives; acknowledged by all replicas. Used
// by one thread. Errors: Unavailable if the brokers take nothing for a while; InvalidArgument for
// what somebody must mend.
class Publisher {
 public:
  // Errors also: NotFound if there is no such topic.
  static Result<std::unique_ptr<Publisher>> open(const Cluster& cluster, const std::string& topic);
  virtual ~Publisher() = default;

  // Queues a record; what it points to is copied.
  virtual Status send(std::optional<std::string_view> key, std::string_view value) = 0;
  // Returns when the brokers have all records.
  virtual Status flush() = 0;
};

}  // namespace lakeward::connectors::kafka
