// The examples that read from brokers, as they are in the repository.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "connectors/http/http_server.h"
#include "integration/kafka/broker_fixture.h"
#include "support/process.h"
#include "support/source_folder.h"

namespace lakeward::test {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

class KafkaExamples : public KafkaBroker {
 protected:
  void copy(const std::string& example) {
    std::filesystem::copy(source_folder() / "examples" / example, project(),
                          std::filesystem::copy_options::recursive);
  }
  std::filesystem::path project() const { return world.folder.path() / "project"; }
  ProcessResult call(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--project", project().string()});
    ProcessOptions options;
    options.environment = {{"KAFKA_BROKERS", address},
                           {"EVENT_HUBS_NAMESPACE", "localhost"},
                           {"EVENT_HUBS_CONNECTION", from_environment("LAKEWARD_KAFKA_PASSWORD")}};
    const ProcessResult result = run_lakeward(arguments, options);
    EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
    return result;
  }
  Json query(const std::string& sql) const {
    return Json::parse(call({"query", sql, "--format", "json"}).out, nullptr, false);
  }
  // Sends what `lakeward simulate` makes, in turn to the partitions; returns how many.
  int64_t simulate(const std::string& name, const std::string& to, std::vector<std::string> more) {
    more.insert(more.begin(), {"simulate", name, "--seed", "7"});
    std::istringstream lines(run_lakeward(more).out);
    std::vector<Message> messages[3];
    int64_t count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
      messages[count % 3].push_back({line, "key " + std::to_string(count)});
    }
    TestProducer producer(properties());
    producer.create_topic(to, 3);
    for (int32_t partition = 0; partition < 3; ++partition) {
      producer.send(to, partition, messages[partition]);
    }
    return count;
  }
};

TEST_F(KafkaExamples, EventHubsGivesEventsAndTheirMinutes) {
  copy("event_hubs");
  // The test's endpoint is no host of the service.
  write_text(project() / "lakeward.yaml",
             read_text(project() / "lakeward.yaml") + "      endpoint: \"" +
                 from_environment("LAKEWARD_KAFKA_SASL_TLS") + "\"\n      tls_ca: \"" +
                 from_environment("LAKEWARD_KAFKA_CA") + "\"\n");
  const int64_t sent =
      simulate("events", "events", {"--count", "300", "--step", "1s", "--invalid", "0.1"});
  EXPECT_THAT(call({"doctor"}).out, HasSubstr("ok     connection hub: event_hubs"));
  call({"run", "--once"});
  const Json silver = query(
      "SELECT count(*) AS rows, count(DISTINCT (\"partition\", \"offset\")) AS places, "
      "count(complex_data.moreData0 + complex_data.moreData22) AS complex, "
      "min(event_hub) AS hub FROM silver.events");
  const int64_t rejected =
      query("SELECT count(*) AS rows FROM dead_letter.silver_events")["rows"].get<int64_t>();
  EXPECT_GT(rejected, 0);
  EXPECT_EQ(silver["rows"].get<int64_t>() + rejected, sent);
  EXPECT_EQ(silver["places"], silver["rows"]);
  EXPECT_EQ(silver["hub"], "events");
  EXPECT_GT(silver["complex"].get<int64_t>(), sent / 2);
  const Json gold = query(
      "SELECT sum(events)::BIGINT AS events, count(DISTINCT minute) AS minutes "
      "FROM gold.events_by_minute");
  EXPECT_EQ(gold["events"], silver["rows"]);
  EXPECT_EQ(gold["minutes"], 5);
}

TEST_F(KafkaExamples, SensorsKafkaKeepsEachRecordsPlaceAndBytes) {
  copy("sensors_kafka");
  const int64_t sent = simulate("sensors", "sensor_data", {"--count", "1000", "--invalid", "0.1"});
  call({"run", "--once"});
  const Json silver = query(
      "SELECT count(*) AS rows, count(DISTINCT (\"partition\", \"offset\")) AS places, "
      "count(*) FILTER (raw_json::JSON->>'device_id' = device_id) AS raw, "
      "count(*) FILTER (kafka_key LIKE 'key %') AS keys, count(kafka_timestamp) AS times, "
      "count(DISTINCT \"partition\") AS partitions, min(topic) AS topic FROM silver.sensor_data");
  const int64_t rejected =
      query("SELECT count(*) AS rows FROM dead_letter.silver_sensor_data")["rows"].get<int64_t>();
  EXPECT_GT(rejected, 0);
  EXPECT_EQ(silver["rows"].get<int64_t>() + rejected, sent);
  for (const char* all : {"places", "raw", "keys", "times"}) EXPECT_EQ(silver[all], silver["rows"]);
  EXPECT_EQ(silver["partitions"], 3);
  EXPECT_EQ(silver["topic"], "sensor_data");
  // The rules are those of the example `sensors`, and so is what counts as a time.
  const auto rules = [](const std::string& example) {
    const std::string text =
        read_text(source_folder() / "examples" / example / "pipelines/silver_sensor_data.yaml");
    const size_t time = text.find("SELECT CASE WHEN");
    const size_t expect = text.find("\nexpect:");
    return text.substr(time, text.find(" AS event_time") - time) +
           text.substr(expect, text.find("\nto:") - expect);
  };
  EXPECT_EQ(rules("sensors_kafka"), rules("sensors"));
}

TEST_F(KafkaExamples, IotFakerPollsADeviceIntoATopicAndTheTopicIntoHours) {
  copy("iot_faker");
  HttpServer device;
  std::atomic<int> asked = 0;
  device.answer([&](const httplib::Request&, httplib::Response& response) {
    const std::string number = std::to_string(10 + asked++);
    response.set_content("{\"device_id\":\"3f2b8c1e-0000-4000-8000-0000000000" + number +
                             "\",\"temperature\":21.5,\"humidity\":55.02,"
                             "\"date\":\"2026-01-01T10:15:00\"}",
                         "application/json");
  });
  const std::string pipeline = (project() / "pipelines/iot_producer.yaml").string();
  std::string text = read_text(pipeline);
  const std::string address = "http://127.0.0.1:5000/iot-data";
  text.replace(text.find(address), address.size(), device.url("/iot-data"));
  write_text(pipeline, text);
  call({"topics", "create", "iot_topic", "--partitions", "3"});
  Process run({lakeward_binary(), "run", "--project", project().string()}, [this] {
    ProcessOptions options;
    options.environment = {{"KAFKA_BROKERS", this->address}};
    return options;
  }());
  ASSERT_TRUE(eventually([&] {
    return run_lakeward({"query", "SELECT count(*) >= 3 FROM bronze.iot_emulado", "--format", "csv",
                         "--project", project().string()})
               .out.find("true") != std::string::npos;
  })) << run.err();
  run.send_signal(SIGTERM);
  EXPECT_EQ(run.wait().exit_code, 130);
  const Json rows = query(
      "SELECT count(*) AS rows, count(DISTINCT device_id) AS devices, min(topic) AS topic, "
      "min(CAST(data_referencia AS VARCHAR)) AS hour, max(data_referencia) = min(data_referencia) "
      "AS one_hour FROM bronze.iot_emulado");
  EXPECT_EQ(rows["devices"], rows["rows"]) << "an answer came twice";
  EXPECT_EQ(rows["topic"], "iot_topic");
  EXPECT_EQ(rows["one_hour"], true);
  EXPECT_THAT(rows["hour"].get<std::string>(), ::testing::StartsWith("2026-01-01 10:00:00"));
}

}  // namespace
}  // namespace lakeward::test
