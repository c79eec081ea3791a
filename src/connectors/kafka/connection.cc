#include "connectors/kafka/connection.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/suggest.h"
#include "connectors/kafka/client_properties.h"

namespace lakeward::connectors::kafka {

using config::Location;
using config::Problems;
using config::Value;

std::vector<std::pair<std::string, Sasl>> option_choices(Sasl) {
  return {{"none", Sasl::kNone},
          {"plain", Sasl::kPlain},
          {"scram_sha_256", Sasl::kScramSha256},
          {"scram_sha_512", Sasl::kScramSha512},
          {"oauthbearer", Sasl::kOauthbearer}};
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
    {"sasl.oauthbearer.method", "tokens are asked for at 'token_url'"},
    {"sasl.oauthbearer.token.endpoint.url", "say it in 'token_url'"},
    {"sasl.oauthbearer.client.id", "say it in 'client_id'"},
    {"sasl.oauthbearer.client.secret", "say it in 'client_secret'"},
    {"sasl.oauthbearer.scope", "say it in 'scope'"},
    {"sasl.oauthbearer.extensions", "say it in 'sasl_extensions'"},
    {"ssl.ca.location", "say it in 'tls_ca'"},
    {"ssl.certificate.location", "say it in 'tls_certificate'"},
    {"ssl.key.location", "say it in 'tls_key'"},
    {"ssl.key.password", "say it in 'tls_key_password'"},
    {"enable.ssl.certificate.verification", "say it in 'tls_verify'"},
    {"plugin.library.paths", "no code is loaded"},
};

void check_property(const Value::Entry& entry, std::span<const OwnedProperty> owned_too,
                    Problems& problems) {
  for (const auto& owned : {owned_too, std::span<const OwnedProperty>(kConnectionProperties)}) {
    for (const OwnedProperty& property : owned) {
      if (property.name != entry.key) continue;
      problems.push_back({entry.key_location, "the property '" + entry.key + "' cannot be set: " +
                                                  std::string(property.instead)});
      return;
    }
  }
  if (!entry.value.is_scalar()) return;
  const std::vector<std::string> known = property_names();
  if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
    problems.push_back({entry.key_location, "librdkafka has no property '" + entry.key + "'" +
                                                suggestion(entry.key, known)});
    return;
  }
  const std::optional<std::string> refusal = refuse_property(entry.key, entry.value.text());
  if (!refusal) return;
  // The refusal may quote the value.
  const bool hide = entry.value.scalar().secret;
  problems.push_back({entry.key_location, "librdkafka refuses the property '" + entry.key + "'" +
                                              (hide ? std::string() : ": " + *refusal)});
}

// Only this machine may be asked without encryption: the request holds the client's secret.
bool is_safe_url(const std::string& url) {
  if (url.starts_with("https://")) return true;
  if (url.find('@') != std::string::npos) return false;  // what looks like a host may be a user
  for (const std::string_view here : {"http://localhost", "http://127.0.0.1", "http://[::1]"}) {
    if (!url.starts_with(here)) continue;
    const char next = url.size() > here.size() ? url[here.size()] : '/';
    if (next == ':' || next == '/') return true;
  }
  return false;
}

void check_oauth(const ConnectionOptions& options, const Value& block, Problems& problems) {
  if (options.token_url.empty() || options.client_id.empty() || options.client_secret.empty()) {
    problems.push_back({place_of(block, "sasl"),
                        "'sasl: oauthbearer' needs 'token_url', 'client_id' and 'client_secret'"});
  } else if (!is_safe_url(options.token_url)) {
    problems.push_back({place_of(block, "token_url"),
                        "'token_url' must begin with https://, as the secret is sent to it"});
  }
  for (const auto& [name, value] : options.sasl_extensions) {
    if (name == "auth" || value.find_first_of(",=") != std::string::npos) {
      problems.push_back(
          {place_of(block, "sasl_extensions"), "'sasl_extensions': '" + name +
                                                   "' must not be 'auth', nor its value hold "
                                                   "',' or '='"});
    }
  }
}

void check_brokers(const std::vector<std::string>& brokers, const Value& block,
                   Problems& problems) {
  const Value* given = block.find("brokers");
  if (given != nullptr && given->is_unresolved()) return;  // already reported
  const Location& place = place_of(block, "brokers");
  const std::vector<std::string> addresses = broker_addresses(brokers);
  for (const std::string& broker : addresses) {
    if (is_broker_address(broker)) continue;
    problems.push_back(
        {place, "'brokers': '" + broker + "' is no broker; write host:port, without a scheme"});
  }
  if (addresses.empty()) problems.push_back({place, "'brokers' names no broker; write host:port"});
}

}  // namespace

bool is_broker_address(std::string_view broker) {
  std::string_view port;
  if (broker.starts_with('[')) {
    const size_t end = broker.find(']');
    if (end == std::string_view::npos || end == 1) return false;
    port = broker.substr(end + 1);
  } else {
    const size_t colon = std::min(broker.find(':'), broker.size());
    port = broker.substr(colon);
    broker = broker.substr(0, colon);
    if (broker.empty() || broker.find_first_of("/@?#, \t") != std::string_view::npos) return false;
  }
  if (port.empty()) return true;
  port.remove_prefix(1);
  int number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  return error == std::errc() && end == port.data() + port.size() && number > 0 && number < 65536;
}

std::vector<std::string> broker_addresses(const std::vector<std::string>& brokers) {
  std::vector<std::string> addresses;
  for (const std::string& listed : brokers) {
    for (size_t begin = 0; begin <= listed.size();) {
      const size_t end = std::min(listed.find(',', begin), listed.size());
      std::string broker = listed.substr(begin, end - begin);
      begin = end + 1;
      broker.erase(0, broker.find_first_not_of(' '));
      broker.erase(broker.find_last_not_of(' ') + 1);
      if (!broker.empty()) addresses.push_back(std::move(broker));
    }
  }
  return addresses;
}

const config::OptionSet<ConnectionOptions>& kafka_connection_options() {
  using T = ConnectionOptions;
  static const config::OptionSet<T> options = {
      brokers_option<T>(),         tls_option<T>(),       tls_ca_option<T>(),
      tls_certificate_option<T>(), tls_key_option<T>(),   tls_key_password_option<T>(),
      tls_verify_option<T>(),      sasl_option<T>(),      user_option<T>(),
      password_option<T>(),        token_url_option<T>(), client_id_option<T>(),
      client_secret_option<T>(),   scope_option<T>(),     sasl_extensions_option<T>(),
      properties_option<T>(),
  };
  return options;
}

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
  check_brokers(options.brokers, block, problems);
  need(!options.tls_ca.empty(), options.tls, "tls_ca", "tls: true");
  need(!options.tls_certificate.empty(), options.tls, "tls_certificate", "tls: true");
  need(!options.tls_key.empty(), options.tls, "tls_key", "tls: true");
  need(!options.tls_verify, options.tls, "tls_verify", "tls: true");
  const bool oauth = options.sasl == Sasl::kOauthbearer;
  const bool password = options.sasl != Sasl::kNone && !oauth;
  need(!options.user.empty(), password, "user", "sasl: plain or scram_…");
  need(!options.password.empty(), password, "password", "sasl: plain or scram_…");
  need(!options.token_url.empty(), oauth, "token_url", "sasl: oauthbearer");
  need(!options.client_id.empty(), oauth, "client_id", "sasl: oauthbearer");
  need(!options.client_secret.empty(), oauth, "client_secret", "sasl: oauthbearer");
  need(!options.scope.empty(), oauth, "scope", "sasl: oauthbearer");
  need(!options.sasl_extensions.empty(), oauth, "sasl_extensions", "sasl: oauthbearer");
  if (password && (options.user.empty() || options.password.empty())) {
    problems.push_back({place_of(block, "sasl"), "'sasl' needs 'user' and 'password'"});
  }
  if (oauth) check_oauth(options, block, problems);
  if (options.tls_certificate.empty() != options.tls_key.empty()) {
    problems.push_back({place_of(block, "tls_certificate"),
                        "'tls_certificate' and 'tls_key' belong together: give both"});
  }
  check_properties(block, owned, problems);
}

void check_properties(const Value& block, std::span<const OwnedProperty> owned,
                      Problems& problems) {
  const Value* properties = block.find("properties");
  if (properties == nullptr || !properties->is_map()) return;
  for (const Value::Entry& entry : properties->map()) check_property(entry, owned, problems);
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

Service service_of(const ConnectionOptions& options) {
  Service service;
  if (options.sasl == Sasl::kOauthbearer) {
    service.login =
        "the brokers do not accept the token: check 'scope', and that they trust the issuer "
        "'token_url'";
  }
  return service;
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
  if (options.sasl == Sasl::kOauthbearer) {
    properties.emplace_back("sasl.mechanisms", "OAUTHBEARER");
    properties.emplace_back("sasl.oauthbearer.token.endpoint.url", options.token_url);
    properties.emplace_back("sasl.oauthbearer.client.id", options.client_id);
    properties.emplace_back("sasl.oauthbearer.client.secret", options.client_secret.expose());
    properties.emplace_back("sasl.oauthbearer.scope", options.scope);
    std::string extensions;
    for (const auto& [name, value] : options.sasl_extensions) {
      extensions += (extensions.empty() ? "" : ",") + name + "=" + value;
    }
    properties.emplace_back("sasl.oauthbearer.extensions", extensions);
  } else if (sasl) {
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

std::string property_of(const config::StringMap& properties, std::string_view name) {
  std::string last;
  for (const auto& [key, value] : properties) {
    if (key == name) last = value;
  }
  return last;
}

void set_default(config::StringMap& properties, const std::string& name, std::string value) {
  const bool given = std::any_of(properties.begin(), properties.end(),
                                 [&](const auto& property) { return property.first == name; });
  if (!given) properties.emplace_back(name, std::move(value));
}

}  // namespace lakeward::connectors::kafka
