#include "connectors/kafka/fetch/security.h"

#include <string>
#include <utility>

#include "connectors/kafka/connection.h"

namespace lakeward::connectors::kafka::fetch {
namespace {

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

}  // namespace

bool can_secure(const config::StringMap& properties) {
  return !has_sasl(properties) || property_of(properties, "sasl.mechanisms") == "PLAIN";
}

Result<Security> make_security(const config::StringMap& properties) {
  Security security;
  if (has_tls(properties)) {
    ASSIGN_OR_RETURN(security.tls, TlsContext::make(tls_options(properties)));
  }
  if (has_sasl(properties)) {
    security.login = [user = property_of(properties, "sasl.username"),
                      password = SecretString(property_of(properties, "sasl.password"))] {
      return Result<std::unique_ptr<SaslClient>>(make_plain(user, password));
    };
  }
  return security;
}

}  // namespace lakeward::connectors::kafka::fetch
