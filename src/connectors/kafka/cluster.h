// A cluster that a user names outside of a pipeline, for commands. Knows nothing of librdkafka.
#pragma once

#include <filesystem>
#include <string>

#include "base/status.h"
#include "config/options.h"
#include "connectors/kafka/service.h"

namespace lakeward::connectors::kafka {

// How to reach it, as librdkafka's properties: holds secrets, never show it.
struct Cluster {
  config::StringMap properties;
  Service service;
  // Of producers: what the service wants besides, and its words to them.
  config::StringMap writing;
  Service writing_service;
};

// Whether connections of this connector are clusters: kafka, event_hubs.
bool is_cluster(const std::string& connector);

// The cluster of a connection; `options` are its own. Errors: InvalidArgument with all problems, if
// they are not what `connector` takes.
Result<Cluster> cluster_of(const std::string& connector, const config::Value& options,
                           const std::filesystem::path& project_root);
// The cluster behind "host:port,host:port", without security.
Result<Cluster> cluster_at(const std::string& brokers);

}  // namespace lakeward::connectors::kafka
