#include "connectors/kafka/topic_settings.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace lakeward::connectors::kafka {
namespace {

constexpr int kTimeoutMs = 30'000;
// Of a question to the controller, which may be a broker that has just died: then, with what the
// others say by now, it is asked again.
constexpr int kSettingsTimeoutMs = 3'000;
constexpr int kSettingsAttempts = 5;

using Resource =
    std::unique_ptr<rd_kafka_ConfigResource_t, Deleter<rd_kafka_ConfigResource_destroy>>;

}  // namespace

Result<Event> ask_brokers(Client& client, const std::string& what,
                          const std::function<void(rd_kafka_queue_t* answers)>& send) {
  const Queue answers(rd_kafka_queue_new(client.handle()));
  send(answers.get());
  Event answer(rd_kafka_queue_poll(answers.get(), kTimeoutMs));
  if (answer == nullptr) return unavailable(what + ": the brokers do not answer");
  if (rd_kafka_event_error(answer.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const Status behind = client.failure();
    if (!behind.ok()) return behind.with_context(client.service().name + ": " + what);
    return client.failed(what, rd_kafka_event_error(answer.get()),
                         rd_kafka_event_error_string(answer.get()));
  }
  return answer;
}

Result<std::optional<std::vector<TopicSetting>>> topic_settings(Client& client,
                                                                const std::string& topic) {
  const Resource wanted(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  rd_kafka_ConfigResource_t* resource = wanted.get();
  const AdminOptions options(
      rd_kafka_AdminOptions_new(client.handle(), RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS));
  std::array<char, 512> why{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kSettingsTimeoutMs, why.data(),
                                            why.size());
  const auto send = [&](rd_kafka_queue_t* answers) {
    rd_kafka_DescribeConfigs(client.handle(), &resource, 1, options.get(), answers);
  };
  const std::string what = "the settings of '" + topic + "'";
  Result<Event> answered = ask_brokers(client, what, send);
  for (int i = 1; i < kSettingsAttempts && answered.status().retriable(); ++i) {
    RETURN_IF_ERROR(client.topics().status());  // asks who the controller is
    answered = ask_brokers(client, what, send);
  }
  ASSIGN_OR_RETURN(const Event answer, std::move(answered));
  size_t count = 0;
  const rd_kafka_ConfigResource_t** resources = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(answer.get()), &count);
  // Who may read a topic may not always ask for its settings.
  if (count != 1 || rd_kafka_ConfigResource_error(resources[0]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return std::optional<std::vector<TopicSetting>>();
  }
  const rd_kafka_ConfigEntry_t** entries = rd_kafka_ConfigResource_configs(resources[0], &count);
  std::vector<TopicSetting> settings;
  for (size_t i = 0; i < count; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(entries[i]);
    settings.push_back(
        {rd_kafka_ConfigEntry_name(entries[i]), value == nullptr ? "" : value,
         rd_kafka_ConfigEntry_source(entries[i]) != RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG});
  }
  std::sort(settings.begin(), settings.end(),
            [](const TopicSetting& a, const TopicSetting& b) { return a.name < b.name; });
  return std::optional(std::move(settings));
}

std::optional<uint64_t> topic_number(Client& client, const std::string& topic,
                                     const std::string& setting) {
  const auto settings = topic_settings(client, topic);
  if (!settings.ok() || !*settings) return std::nullopt;
  for (const TopicSetting& one : **settings) {
    if (one.name != setting) continue;
    uint64_t number = 0;
    const char* const end = one.value.data() + one.value.size();
    if (std::from_chars(one.value.data(), end, number).ptr == end && number > 0) return number;
  }
  return std::nullopt;
}

}  // namespace lakeward::connectors::kafka
