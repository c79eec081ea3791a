#include "connectors/kafka/cluster.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "connectors/kafka/connection.h"
#include "connectors/kafka/event_hubs.h"
#include "connectors/kafka/event_hubs_sink.h"

namespace lakeward::connectors::kafka {
namespace {

Status refused(const config::Problems& problems) {
  std::string text;
  for (const config::Problem& problem : problems) {
    text += (text.empty() ? "" : "\n") + problem.to_string();
  }
  return invalid_argument(std::move(text));
}

// What of a connection's options is about reaching the brokers: those of pipelines may stand there,
// too.
config::Value only_known(const config::Value& options,
                         const std::vector<config::OptionInfo>& known) {
  config::Value::Map map;
  for (const config::Value::Entry& entry : options.map()) {
    if (std::any_of(known.begin(), known.end(),
                    [&](const auto& info) { return info.name == entry.key; })) {
      map.push_back(entry);
    }
  }
  return config::Value(std::move(map), options.location());
}

}  // namespace

bool is_cluster(const std::string& connector) {
  return connector == "kafka" || connector == "event_hubs";
}

Result<Cluster> cluster_of(const std::string& connector, const config::Value& given,
                           const std::filesystem::path& project_root) {
  CHECK(is_cluster(connector), "asked before");
  config::Problems problems;
  Cluster cluster;
  ConnectionOptions connection;
  if (connector == "event_hubs") {
    const config::Value options = only_known(given, event_hubs_connection_options().infos());
    const EventHubsConnection hubs = event_hubs_connection_options().parse(options, problems);
    if (problems.empty()) check_event_hubs_connection(hubs, options, {}, problems);
    if (!problems.empty()) return refused(problems);
    connection = kafka_connection(hubs);
    cluster.service = event_hubs_service();
    cluster.writing = {{"compression.type", "none"}, {"message.max.bytes", kLargestHubMessage}};
    cluster.writing_service = event_hubs_writing_service();
  } else {
    const config::Value options = only_known(given, kafka_connection_options().infos());
    connection = kafka_connection_options().parse(options, problems);
    if (problems.empty()) check_connection(connection, options, {}, problems);
    if (!problems.empty()) return refused(problems);
    cluster.service = service_of(connection);
    cluster.writing_service = cluster.service;
    cluster.writing_service.topic_permission = kMayWrite;
  }
  cluster.properties = connection_properties(connection, project_root);
  return cluster;
}

Result<Cluster> cluster_at(const std::string& brokers) {
  const config::Location nowhere;
  config::Value::Map map;
  map.push_back(config::Value::Entry{"brokers", nowhere,
                                     config::Value(config::Value::Scalar{brokers}, nowhere)});
  ASSIGN_OR_RETURN(Cluster cluster,
                   cluster_of("kafka", config::Value(std::move(map), nowhere), {}));
  cluster.service.reach = "check '--brokers'";
  cluster.service.encryption =
      "these brokers want TLS: name them as a connection in lakeward.yaml, and use --connection";
  cluster.service.unknown_topic = "`lakeward topics list` shows those there are";
  cluster.writing_service = cluster.service;
  cluster.writing_service.topic_permission = kMayWrite;
  return cluster;
}

}  // namespace lakeward::connectors::kafka
