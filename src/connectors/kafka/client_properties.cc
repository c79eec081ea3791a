#include "connectors/kafka/client_properties.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

#include "connectors/kafka/connection.h"
#include "connectors/kafka/handles.h"

namespace lakeward::connectors::kafka {
namespace {

using Conf = std::unique_ptr<rd_kafka_conf_t, Deleter<rd_kafka_conf_destroy>>;

}  // namespace

std::vector<std::string> property_names() {
  std::vector<std::string> names;
  const Conf conf(rd_kafka_conf_new());
  rd_kafka_topic_conf_t* topic = rd_kafka_topic_conf_new();
  size_t global_count = 0;
  size_t topic_count = 0;
  const char** globals = rd_kafka_conf_dump(conf.get(), &global_count);
  const char** topics = rd_kafka_topic_conf_dump(topic, &topic_count);
  // Each is a list of names and values.
  for (size_t i = 0; i + 1 < global_count; i += 2) names.emplace_back(globals[i]);
  for (size_t i = 0; i + 1 < topic_count; i += 2) names.emplace_back(topics[i]);
  rd_kafka_conf_dump_free(globals, global_count);
  rd_kafka_conf_dump_free(topics, topic_count);
  rd_kafka_topic_conf_destroy(topic);
  return names;
}

std::optional<std::string> refuse_property(const std::string& name, const std::string& value) {
  const Conf conf(rd_kafka_conf_new());
  return set_property(conf.get(), name, value);
}

std::optional<std::string> set_property(rd_kafka_conf_t* conf, const std::string& name,
                                        const std::string& value) {
  std::array<char, 512> why{};
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why.data(), why.size()) ==
      RD_KAFKA_CONF_OK) {
    return std::nullopt;
  }
  return std::string(why.data());
}

std::string name_file(const std::string& why, const config::StringMap& properties) {
  constexpr std::pair<const char*, const char*> kFiles[] = {
      {"ssl.ca.location", "tls_ca"},
      {"ssl.certificate.location", "tls_certificate"},
      {"ssl.key.location", "tls_key"}};
  for (const auto& [property, option] : kFiles) {
    if (!why.starts_with(property)) continue;
    const std::string path = property_of(properties, property);
    const std::string cannot = "'" + std::string(option) + "': the file '" + path + "' ";
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) return cannot + "is not there";
    if (access(path.c_str(), R_OK) != 0) return cannot + "cannot be read: " + std::strerror(errno);
    return cannot + "cannot be used (" + why.substr(std::string_view(property).size() + 1) +
           "); it must be PEM, and a key needs its 'tls_key_password'";
  }
  return why;
}

}  // namespace lakeward::connectors::kafka
