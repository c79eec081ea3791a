#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/secret.h"
#include "base/suggest.h"
#include "base/units.h"
#include "cli/interruption.h"
#include "cli/text_table.h"
#include "cli/verbs.h"
#include "connectors/kafka/connection.h"
#include "connectors/kafka/topic_admin.h"
#include "connectors/kafka/topic_tail.h"
#include "service/workspace.h"

namespace lakeward::cli {
namespace {

using Json = nlohmann::ordered_json;
using connectors::kafka::Cluster;
using connectors::kafka::PartitionDescription;
using connectors::kafka::TopicAdmin;
using connectors::kafka::TopicDescription;

struct TopicsOptions {
  std::string topic;
  std::optional<std::string> brokers;
  std::optional<std::string> connection;
  // create
  std::optional<uint64_t> partitions;
  std::optional<uint64_t> replication;
  std::vector<std::string> settings;
  // describe
  bool all = false;
  // tail
  std::optional<uint64_t> last;
  std::optional<uint64_t> count;
  bool no_follow = false;
};

void print(const Json& json) {
  std::cout << json.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
}

// The connection that the user names, or the only one of the project that is of brokers.
Result<const project::Connection*> choose(const project::Project& project,
                                          const std::optional<std::string>& name) {
  std::vector<std::string> names;
  const project::Connection* found = nullptr;
  for (const project::Connection& connection : project.connections) {
    if (!connectors::kafka::is_cluster(connection.type)) continue;
    names.push_back(connection.name);
    if (!name || *name == connection.name) found = &connection;
  }
  if (name && found == nullptr) {
    return invalid_argument("no connection of brokers (kafka, event_hubs) is named '" + *name +
                            "'" + suggestion(*name, names));
  }
  if (found == nullptr) {
    return invalid_argument(
        "the project has no connection of brokers (kafka, event_hubs); add one to 'connections' in "
        "lakeward.yaml, or give --brokers host:port");
  }
  if (!name && names.size() > 1) {
    return invalid_argument(
        "the project has several connections of brokers; choose one with "
        "--connection" +
        suggestion("", names));
  }
  return found;
}

Result<Cluster> find_cluster(const TopicsOptions& options, const Common& common) {
  if (options.brokers && options.connection) {
    return invalid_argument("--brokers and --connection exclude each other: give one");
  }
  if (options.brokers) return connectors::kafka::cluster_at(*options.brokers);
  ASSIGN_OR_RETURN(const auto workspace, service::Workspace::open(common.project));
  ASSIGN_OR_RETURN(const project::Connection* const connection,
                   choose(workspace->project(), options.connection));
  return connectors::kafka::cluster_of(connection->type, connection->options,
                                       workspace->project().root);
}

Result<std::unique_ptr<TopicAdmin>> connect(const TopicsOptions& options, const Common& common) {
  ASSIGN_OR_RETURN(const Cluster cluster, find_cluster(options, common));
  return TopicAdmin::connect(cluster);
}

Outcome list(const TopicsOptions& options, const Common& common) {
  const auto admin = connect(options, common);
  if (!admin.ok()) return admin.status();
  const auto topics = (*admin)->list();
  if (!topics.ok()) return work_failed(topics.status());
  Json array = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& topic : *topics) {
    array.push_back(
        {{"topic", topic.name}, {"partitions", topic.partitions}, {"replicas", topic.replicas}});
    rows.push_back({topic.name, format_count(topic.partitions), format_count(topic.replicas)});
  }
  if (common.json) {
    print(array);
  } else if (rows.empty()) {
    if (!common.quiet) std::cerr << "The brokers have no topics yet.\n";
  } else {
    std::cout << format_table({{"topic"}, {"partitions", true}, {"replicas", true}}, rows,
                              Screen::of_stdout());
  }
  return ok_status();
}

Result<connectors::kafka::TopicWish> new_topic(const TopicsOptions& options) {
  connectors::kafka::TopicWish topic;
  topic.name = options.topic;
  constexpr uint64_t kMost = 1'000'000;
  for (const auto& [option, number] : {std::pair("--partitions", options.partitions),
                                       std::pair("--replication", options.replication)}) {
    if (number && (*number == 0 || *number > kMost)) {
      return invalid_argument(std::string(option) + " must be from 1 to " + format_count(kMost) +
                              ", not " + format_count(*number));
    }
  }
  if (const std::string problem = connectors::kafka::refuse_topic_name(topic.name);
      !problem.empty()) {
    return invalid_argument(problem);
  }
  if (options.partitions) topic.partitions = static_cast<int32_t>(*options.partitions);
  if (options.replication) topic.replication_factor = static_cast<int32_t>(*options.replication);
  for (const std::string& setting : options.settings) {
    const size_t equals = setting.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return invalid_argument("'" + setting +
                              "' is not a setting: write NAME=VALUE, such as "
                              "retention.ms=86400000");
    }
    const std::string name = setting.substr(0, equals);
    for (const auto& [given, value] : topic.settings) {
      if (given == name) return invalid_argument("--config gives '" + name + "' twice");
    }
    topic.settings.emplace_back(name, setting.substr(equals + 1));
  }
  return topic;
}

Outcome create(const TopicsOptions& options, const Common& common) {
  const auto topic = new_topic(options);
  if (!topic.ok()) return topic.status();
  const auto admin = connect(options, common);
  if (!admin.ok()) return admin.status();
  const Status created = (*admin)->create(*topic);
  if (!created.ok()) return work_failed(created);
  if (common.json) {
    print({{"topic", topic->name}, {"created", true}});
  } else if (!common.quiet) {
    std::cerr << "Created the topic '" << topic->name << "'.\n";
  }
  return ok_status();
}

Json offset_json(std::optional<int64_t> offset) { return offset ? Json(*offset) : Json(nullptr); }

Json to_json(const TopicDescription& topic, bool all) {
  Json partitions = Json::array();
  for (const PartitionDescription& partition : topic.partitions) {
    partitions.push_back({{"partition", partition.number},
                          {"leader", partition.leader},
                          {"replicas", partition.replicas},
                          {"in_sync", partition.in_sync},
                          {"earliest", offset_json(partition.earliest)},
                          {"latest", offset_json(partition.latest)}});
  }
  Json object{{"topic", topic.name}, {"partitions", std::move(partitions)}};
  if (!topic.settings) return object;
  Json settings = Json::object();
  for (const auto& setting : *topic.settings) {
    if (all || !setting.is_default) settings[setting.name] = setting.value;
  }
  object["settings"] = std::move(settings);
  return object;
}

std::string numbers_text(const std::vector<int32_t>& numbers) {
  std::string text;
  for (const int32_t number : numbers) text += (text.empty() ? "" : ", ") + std::to_string(number);
  return text;
}

std::string offset_text(std::optional<int64_t> offset) {
  return offset ? format_count(static_cast<uint64_t>(*offset)) : "?";
}

// What is wrong with its partitions, for who writes with acks=all.
std::string trouble_of(const TopicDescription& topic) {
  size_t least_in_sync = 1;
  for (const auto& setting :
       topic.settings.value_or(std::vector<connectors::kafka::TopicSetting>())) {
    if (setting.name == "min.insync.replicas") {
      least_in_sync = std::strtoul(setting.value.c_str(), nullptr, 10);
    }
  }
  return connectors::kafka::describe_trouble(
      topic.name, {topic.partitions.begin(), topic.partitions.end()}, least_in_sync);
}

Outcome describe(const TopicsOptions& options, const Common& common) {
  const auto admin = connect(options, common);
  if (!admin.ok()) return admin.status();
  const auto topic = (*admin)->describe(options.topic);
  if (!topic.ok()) return work_failed(topic.status());
  if (!topic->without_offsets.ok() && !common.quiet) {
    std::cerr << "The offsets are not known: " << topic->without_offsets.message() << '\n';
  }
  if (const std::string trouble = trouble_of(*topic); !trouble.empty() && !common.quiet) {
    std::cerr << "Note: " << trouble << '\n';
  }
  if (common.json) {
    print(to_json(*topic, options.all));
    return ok_status();
  }
  std::vector<std::vector<std::string>> rows;
  for (const PartitionDescription& partition : topic->partitions) {
    rows.push_back({std::to_string(partition.number),
                    partition.leader < 0 ? "none" : std::to_string(partition.leader),
                    numbers_text(partition.replicas), numbers_text(partition.in_sync),
                    offset_text(partition.earliest), offset_text(partition.latest)});
  }
  std::cout << format_table({{"partition", true},
                             {"leader", true},
                             {"replicas"},
                             {"in sync"},
                             {"earliest", true},
                             {"latest", true}},
                            rows, Screen::of_stdout());
  if (!topic->settings) {
    if (!common.quiet) std::cerr << "The brokers do not tell this user the topic's settings.\n";
    return ok_status();
  }
  rows.clear();
  for (const auto& setting : *topic->settings) {
    if (options.all || !setting.is_default) rows.push_back({setting.name, setting.value});
  }
  if (!rows.empty()) {
    std::cout << "\n" << format_table({{"setting"}, {"value"}}, rows, Screen::of_stdout());
  }
  return ok_status();
}

Status show_record(const connectors::kafka::TailRecord& record, const Common& common,
                   Screen screen) {
  if (common.json) {
    Json object{{"topic", record.topic},
                {"partition", record.partition},
                {"offset", record.offset},
                {"timestamp", format_timestamp(record.timestamp)},
                {"key", record.key ? Json(*record.key) : Json(nullptr)},
                {"value", record.value ? Json(*record.value) : Json(nullptr)}};
    if (record.headers != "{}") object["headers"] = Json::parse(record.headers, nullptr, false);
    print(object);
  } else {
    std::string line = format_timestamp(record.timestamp) + "  " +
                       std::to_string(record.partition) + ":" + std::to_string(record.offset) +
                       "  " + (record.key ? one_line(*record.key) : "-") + "  " +
                       (record.value ? one_line(*record.value) : "-");
    std::cout << (screen.width > 0 ? cut(line, screen.width) : line) << "\n";
  }
  std::cout.flush();
  return std::cout ? ok_status() : io_error("cannot write to stdout: it was closed or is full");
}

Outcome tail(const TopicsOptions& options, const Common& common) {
  const Interruption interruption(WatchReader::kYes);
  const auto cluster = find_cluster(options, common);
  if (!cluster.ok()) return cluster.status();
  const Screen screen = Screen::of_stdout();
  uint64_t count = 0;
  const Status shown = connectors::kafka::tail_topic(
      *cluster, options.topic,
      {.last = options.last.value_or(0),
       .follow = !options.no_follow,
       .count = options.count,
       .say =
           [&](const std::string& text) {
             if (!common.quiet) std::cerr << mask_secrets(text) << std::endl;
           }},
      [&](const auto& record) {
        ++count;
        return show_record(record, common, screen);
      },
      interruption.token());
  if (!shown.ok()) return work_failed(shown);
  if (interruption.reader_left()) return ok_status();
  // What follows for ever is ended so; what was to show a number of records was not done.
  if (interruption.requested() && count < options.count.value_or(0))
    return cancelled("interrupted");
  return ok_status();
}

// The options of every verb below.
Command with_cluster(Command command, TopicsOptions& options) {
  command.option("--connection", options.connection,
                 "A connection of the project, of kafka or event_hubs; default: its only one",
                 "NAME");
  command.option("--brokers", options.brokers,
                 "These brokers, without TLS and passwords, and no project", "HOST:PORT");
  return command;
}

}  // namespace

void add_topics(CommandLine& line) {
  Command topics =
      line.add({.name = "topics",
                .summary = "Topics of Kafka and Azure Event Hubs: look at them, make them",
                .details = {},
                .examples = {"lakeward topics list --brokers localhost:9092",
                             "lakeward topics tail sensor_data --last 10"}},
               nullptr);
  auto listed = std::make_shared<TopicsOptions>();
  with_cluster(topics.add({.name = "list",
                           .summary = "Lists the topics",
                           .details = {},
                           .examples = {"lakeward topics list"}},
                          [listed](const Common& common) { return list(*listed, common); }),
               *listed);
  auto created = std::make_shared<TopicsOptions>();
  with_cluster(
      topics
          .add({.name = "create",
                .summary = "Makes a topic",
                .details = {},
                .examples = {"lakeward topics create sensor_data --partitions 6",
                             "lakeward topics create state --partitions 3 --replication 3 "
                             "--config cleanup.policy=compact"}},
               [created](const Common& common) { return create(*created, common); })
          .argument("TOPIC", created->topic, "The topic's name")
          .option("--partitions", created->partitions, "How many; default: as the brokers have it")
          .option("--replication", created->replication,
                  "Copies of each partition; default: as the brokers have it")
          .options("--config", created->settings, "A setting of the topic; may be repeated",
                   "NAME=VALUE"),
      *created);
  auto described = std::make_shared<TopicsOptions>();
  with_cluster(
      topics
          .add({.name = "describe",
                .summary = "Shows a topic's partitions, leaders, offsets and settings",
                .details = {"'latest' is the offset behind the last record that a reader of "
                            "committed records can have."},
                .examples = {"lakeward topics describe sensor_data --all"}},
               [described](const Common& common) { return describe(*described, common); })
          .argument("TOPIC", described->topic, "The topic's name")
          .flag("--all", described->all, "Settings that have their default, too"),
      *described);
  auto tailed = std::make_shared<TopicsOptions>();
  with_cluster(
      topics
          .add({.name = "tail",
                .summary = "Prints a topic's records as they arrive: time, place, key, value",
                .details = {"Follows the topic until interrupted. The place is "
                            "partition:offset. On a terminal, lines are cut to its width; "
                            "--json gives all."},
                .examples = {"lakeward topics tail sensor_data",
                             "lakeward topics tail sensor_data --last 10 --no-follow --json"}},
               [tailed](const Common& common) { return tail(*tailed, common); })
          .argument("TOPIC", tailed->topic, "The topic's name")
          .option("--last", tailed->last, "Begin with so many of the newest records")
          .option("-n,--count", tailed->count, "End after so many records")
          .flag("--no-follow", tailed->no_follow, "End with the last record that is there"),
      *tailed);
}

}  // namespace lakeward::cli
