#include "connectors/kafka/fetch/security.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "connectors/kafka/connection.h"
#include "connectors/kafka/fetch/scram.h"

namespace lakeward::connectors::kafka::fetch {
namespace {

constexpr std::string_view kOauthbearer = "OAUTHBEARER";

constexpr std::string_view kKnown[] = {
    "security.protocol",
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.key.location",
    "ssl.key.password",
    "enable.ssl.certificate.verification",
    "sasl.mechanisms",
    "sasl.username",
    "sasl.password",
    "sasl.oauthbearer.token.endpoint.url",
    "sasl.oauthbearer.client.id",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.scope",
    "sasl.oauthbearer.extensions",
};

bool is_about_security(std::string_view property) {
  for (const std::string_view word : {"ssl", "sasl", "security", "https", "oauthbearer"}) {
    if (property.find(word) != std::string_view::npos) return true;
  }
  return false;
}

bool has_tls(const config::StringMap& properties) {
  return property_of(properties, "security.protocol").ends_with("ssl");
}
bool has_sasl(const config::StringMap& properties) {
  return property_of(properties, "security.protocol").starts_with("sasl");
}

TlsOptions tls_options(const config::StringMap& properties) {
  TlsOptions options;
  options.authorities = property_of(properties, "ssl.ca.location");
  options.certificate = property_of(properties, "ssl.certificate.location");
  options.key = property_of(properties, "ssl.key.location");
  options.key_password = SecretString(property_of(properties, "ssl.key.password"));
  options.verify = property_of(properties, "enable.ssl.certificate.verification") != "false";
  return options;
}

std::optional<ScramHash> scram_hash(const std::string& mechanism) {
  if (mechanism == "SCRAM-SHA-256") return ScramHash::kSha256;
  if (mechanism == "SCRAM-SHA-512") return ScramHash::kSha512;
  return std::nullopt;
}

SaslLogin password_login(const config::StringMap& properties) {
  return [hash = scram_hash(property_of(properties, "sasl.mechanisms")),
          user = property_of(properties, "sasl.username"),
          password = SecretString(
              property_of(properties, "sasl.password"))]() -> Result<std::unique_ptr<SaslClient>> {
    if (!hash) return make_plain(user, password);
    ASSIGN_OR_RETURN(std::string nonce, make_nonce());
    return make_scram(*hash, user, password, std::move(nonce));
  };
}

SaslLogin token_login(const config::StringMap& properties, TokenSource source) {
  return [source = std::move(source),
          extensions = property_of(
              properties, "sasl.oauthbearer.extensions")]() -> Result<std::unique_ptr<SaslClient>> {
    ASSIGN_OR_RETURN(OauthToken token, source());
    return make_oauthbearer(SecretString(std::move(token.value)), extensions);
  };
}

}  // namespace

bool is_known_security(std::string_view property) {
  return std::find(std::begin(kKnown), std::end(kKnown), property) != std::end(kKnown);
}

bool can_secure(const config::StringMap& properties) {
  for (const auto& [name, value] : properties) {
    if (is_about_security(name) && !is_known_security(name)) return false;
  }
  if (!has_sasl(properties)) return true;
  const std::string mechanism = property_of(properties, "sasl.mechanisms");
  return mechanism == "PLAIN" || mechanism == kOauthbearer || scram_hash(mechanism).has_value();
}

Result<Security> make_security(const config::StringMap& properties, TokenSource token) {
  Security security;
  if (has_tls(properties)) {
    ASSIGN_OR_RETURN(security.tls, TlsContext::make(tls_options(properties)));
  }
  if (!has_sasl(properties)) return security;
  security.login = property_of(properties, "sasl.mechanisms") == kOauthbearer
                       ? token_login(properties, std::move(token))
                       : password_login(properties);
  return security;
}

}  // namespace lakeward::connectors::kafka::fetch
