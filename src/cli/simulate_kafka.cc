#include <iostream>

#include "base/secret.h"
#include "base/suggest.h"
#include "cli/simulate.h"
#include "connectors/kafka/cluster.h"
#include "connectors/kafka/publisher.h"
#include "service/workspace.h"

namespace lakeward::cli {
namespace {

using connectors::kafka::Cluster;
using connectors::kafka::Publisher;

class KafkaTarget final : public LineTarget {
 public:
  KafkaTarget(std::unique_ptr<Publisher> publisher, std::string_view key_field)
      : publisher_(std::move(publisher)), key_field_(key_field) {}

  Status write(const std::string& lines) override {
    std::string_view left = lines;
    while (!left.empty()) {
      const size_t end = left.find('\n');
      const std::string_view record = left.substr(0, end);
      RETURN_IF_ERROR(
          publisher_->send(connectors::simulator::field_text(record, key_field_), record));
      left.remove_prefix(end + 1);
    }
    return ok_status();
  }
  Status finish() override { return publisher_->flush(); }

 private:
  std::unique_ptr<Publisher> publisher_;
  std::string_view key_field_;
};

// The connection of the project that has this name.
Result<Cluster> find_cluster(const std::string& name, const service::Workspace& workspace) {
  std::vector<std::string> names;
  for (const project::Connection& connection : workspace.project().connections) {
    if (!connectors::kafka::is_cluster(connection.type)) continue;
    if (connection.name == name) {
      return connectors::kafka::cluster_of(connection.type, connection.options,
                                           workspace.project().root);
    }
    names.push_back(connection.name);
  }
  return invalid_argument("no connection of brokers (kafka, event_hubs) is named '" + name + "'" +
                          suggestion(name, names));
}

}  // namespace

Result<std::unique_ptr<LineTarget>> open_kafka_target(
    const SimulateOptions& options, const Common& common,
    const connectors::simulator::Generator& generator, std::stop_token stop) {
  Result<Cluster> cluster = [&]() -> Result<Cluster> {
    if (options.connection.empty()) return connectors::kafka::cluster_at(options.brokers);
    ASSIGN_OR_RETURN(const auto workspace, service::Workspace::open(common.project));
    return find_cluster(options.connection, *workspace);
  }();
  if (!cluster.ok()) return cluster.status();
  const auto say = [quiet = common.quiet](const std::string& text) {
    if (!quiet) std::cerr << mask_secrets(text) << std::endl;
  };
  ASSIGN_OR_RETURN(auto publisher, Publisher::open(*cluster, options.to.substr(kKafkaPrefix.size()),
                                                   {say, std::move(stop)}));
  return std::unique_ptr<LineTarget>(
      std::make_unique<KafkaTarget>(std::move(publisher), generator.device_field()));
}

}  // namespace lakeward::cli
