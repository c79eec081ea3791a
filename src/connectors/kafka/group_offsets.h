// What a pipeline tells a consumer group of how far it has read, for tools that watch the lag.
#pragma once

#include <memory>
#include <string>

#include "connectors/kafka/client.h"
#include "connectors/kafka/offsets.h"

namespace lakeward::connectors::kafka {

// Whether `group` may be used, as far as the brokers say so. Errors: InvalidArgument, with what the
// user needs (`permission`).
Status check_group(Client& client, const std::string& group, const std::string& permission);

// Nothing that goes wrong here touches the pipeline. Used by one thread.
class GroupOffsets {
 public:
  // `properties` are those of a reader, without group.id.
  GroupOffsets(std::string group, config::StringMap properties, Service service)
      : group_(std::move(group)),
        properties_(std::move(properties)),
        service_(std::move(service)) {}

  // Stores them in the group without waiting for the answer. A group that may not be used is told
  // of in the log, once, and let be: librdkafka, which the group is named to only when it may be
  // used, would look for its coordinator without a pause. `asked` is where to ask.
  void store(const Offsets& offsets, Client& asked);

 private:
  const std::string group_;
  const config::StringMap properties_;  // holds secrets
  const Service service_;
  std::unique_ptr<Client> client_;  // made for the first that are stored
  bool refused_ = false;
};

}  // namespace lakeward::connectors::kafka
