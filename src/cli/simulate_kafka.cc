#include "base/suggest.h"
#include "cli/simulate.h"
#include "connectors/kafka/publisher.h"
#include "service/workspace.h"

namespace lakeward::cli {
namespace {

using config::Value;
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

Value::Entry entry(const std::string& key, const std::string& text) {
  return {key, config::Location(),
          Value(Value::Scalar{.text = text, .quoted = true}, config::Location())};
}

// The options of a connection of the project.
Result<Value::Map> connection_options(const std::string& name,
                                      const service::Workspace& workspace) {
  std::vector<std::string> names;
  for (const project::Connection& connection : workspace.project().connections) {
    if (connection.name == name && connection.type == "kafka") return connection.options.map();
    if (connection.type == "kafka") names.push_back(connection.name);
  }
  return invalid_argument("the project has no connection '" + name + "' to Kafka" +
                          suggestion(name, names));
}

}  // namespace

Result<std::unique_ptr<LineTarget>> open_kafka_target(
    const SimulateOptions& options, const Common& common,
    const connectors::simulator::Generator& generator) {
  Value::Map block;
  std::filesystem::path root = common.project;
  if (!options.connection.empty()) {
    ASSIGN_OR_RETURN(const auto workspace, service::Workspace::open(common.project));
    ASSIGN_OR_RETURN(block, connection_options(options.connection, *workspace));
    root = workspace->project().root;
  } else {
    block.push_back(entry("brokers", options.brokers));
  }
  block.push_back(entry("topic", options.to.substr(kKafkaPrefix.size())));
  ASSIGN_OR_RETURN(auto publisher,
                   Publisher::open(Value(std::move(block), config::Location()), root));
  return std::unique_ptr<LineTarget>(
      std::make_unique<KafkaTarget>(std::move(publisher), generator.device_field()));
}

}  // namespace lakeward::cli
