#include "connectors/kafka/connection.h"

#include <algorithm>
#include <optional>

#include "connectors/kafka/client.h"

namespace lakeward::connectors::kafka {

using config::Location;
using config::Problems;
using config::Value;

std::vector<std::pair<std::string, Sasl>> option_choices(Sasl) {
  return {{"none", Sasl::kNone},
          {"plain", Sasl::kPlain},
          {"scram_sha_256", Sasl::kScramSha256},
          {"scram_sha_512", Sasl::kScramSha512}};
}

namespace {

constexpr OwnedProperty kConnectionProperties[] = {
    {"bootstrap.servers", "say it in 'brokers'"},
    {"metadata.broker.list", "say it in 'brokers'"},
    {"security.protocol", "say it in 'tls' and 'sasl'"},
    {"sasl.mechanism", "say it in 'sasl'"},
    {"sasl.mechanisms", "say it in 'sasl'"},
    {"sasl.username", "say it in 'user'"},
    {"sasl.password", "say it in 'password'"},
    {"ssl.ca.location", "say it in 'tls_ca'"},
    {"ssl.certificate.location", "say it in 'tls_certificate'"},
    {"ssl.key.location", "say it in 'tls_key'"},
    {"ssl.key.password", "say it in 'tls_key_password'"},
    {"enable.ssl.certificate.verification", "say it in 'tls_verify'"},
    {"plugin.library.paths", "no code is loaded"},
};

void check_property(const Value::Entry& entry, std::span<const OwnedProperty> owned_too,
                    Problems& problems) {
  for (const auto& owned : {std::span<const OwnedProperty>(kConnectionProperties), owned_too}) {
    for (const OwnedProperty& property : owned) {
      if (property.name != entry.key) continue;
      problems.push_back({entry.key_location, "the property '" + entry.key + "' cannot be set: " +
                                                  std::string(property.instead)});
      return;
    }
  }
  if (!entry.value.is_scalar()) return;
  const std::optional<std::string> refusal = refuse_property(entry.key, entry.value.text());
  if (!refusal) return;
  // The refusal may quote the value.
  const bool hide = entry.value.scalar().secret;
  problems.push_back({entry.key_location, "librdkafka refuses the property '" + entry.key + "'" +
                                              (hide ? std::string() : ": " + *refusal)});
}

}  // namespace

const Location& place_of(const Value& block, std::string_view key) {
  const Value* given = block.find(key);
  return given == nullptr ? block.location() : given->location();
}

void check_connection(const ConnectionOptions& options, const Value& block,
                      std::span<const OwnedProperty> owned, Problems& problems) {
  const auto need = [&](bool given, bool needed, const char* key, const char* with) {
    if (!given || needed) return;
    problems.push_back(
        {place_of(block, key), "'" + std::string(key) + "' is of no use without '" + with + "'"});
  };
  if (options.brokers.empty()) {
    problems.push_back({place_of(block, "brokers"), "'brokers' names no broker"});
  }
  need(!options.tls_ca.empty(), options.tls, "tls_ca", "tls: true");
  need(!options.tls_certificate.empty(), options.tls, "tls_certificate", "tls: true");
  need(!options.tls_key.empty(), options.tls, "tls_key", "tls: true");
  need(!options.tls_verify, options.tls, "tls_verify", "tls: true");
  const bool sasl = options.sasl != Sasl::kNone;
  need(!options.user.empty(), sasl, "user", "sasl");
  need(!options.password.empty(), sasl, "password", "sasl");
  if (sasl && options.user.empty()) {
    problems.push_back({place_of(block, "sasl"), "'sasl' needs 'user' and 'password'"});
  }
  if (options.tls_certificate.empty() != options.tls_key.empty()) {
    problems.push_back({place_of(block, "tls_certificate"),
                        "'tls_certificate' and 'tls_key' belong together: give both"});
  }
  const Value* properties = block.find("properties");
  if (properties != nullptr && properties->is_map()) {
    for (const Value::Entry& entry : properties->map()) check_property(entry, owned, problems);
  }
}

std::string refuse_topic_name(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  if (!name.empty() && name.size() <= 249 && name != "." && name != ".." &&
      std::all_of(name.begin(), name.end(), allowed)) {
    return "";
  }
  return "'" + name + "' cannot be a topic's name (letters, digits, '.', '_' and '-', at most 249)";
}

config::StringMap connection_properties(const ConnectionOptions& options,
                                        const std::filesystem::path& project_root) {
  const auto path = [&](const std::string& given) { return (project_root / given).string(); };
  config::StringMap properties;
  std::string brokers;
  for (const std::string& broker : options.brokers) {
    brokers += (brokers.empty() ? "" : ",") + broker;
  }
  properties.emplace_back("bootstrap.servers", brokers);
  properties.emplace_back("client.id", "lakeward");
  const bool sasl = options.sasl != Sasl::kNone;
  properties.emplace_back("security.protocol", options.tls
                                                   ? (sasl ? "sasl_ssl" : "ssl")
                                                   : (sasl ? "sasl_plaintext" : "plaintext"));
  if (options.tls) {
    if (!options.tls_ca.empty()) properties.emplace_back("ssl.ca.location", path(options.tls_ca));
    if (!options.tls_certificate.empty()) {
      properties.emplace_back("ssl.certificate.location", path(options.tls_certificate));
      properties.emplace_back("ssl.key.location", path(options.tls_key));
    }
    if (!options.tls_key_password.empty()) {
      properties.emplace_back("ssl.key.password", options.tls_key_password.expose());
    }
    if (!options.tls_verify) {
      properties.emplace_back("enable.ssl.certificate.verification", "false");
    }
  }
  if (sasl) {
    const char* mechanism = options.sasl == Sasl::kPlain         ? "PLAIN"
                            : options.sasl == Sasl::kScramSha256 ? "SCRAM-SHA-256"
                                                                 : "SCRAM-SHA-512";
    properties.emplace_back("sasl.mechanisms", mechanism);
    properties.emplace_back("sasl.username", options.user);
    properties.emplace_back("sasl.password", options.password.expose());
  }
  // Last, so that they may also change a default of ours.
  for (const auto& property : options.properties) properties.push_back(property);
  return properties;
}

void set_default(config::StringMap& properties, const std::string& name, std::string value) {
  const bool given = std::any_of(properties.begin(), properties.end(),
                                 [&](const auto& property) { return property.first == name; });
  if (!given) properties.emplace_back(name, std::move(value));
}

}  // namespace lakeward::connectors::kafka
