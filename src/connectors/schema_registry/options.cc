#include "connectors/schema_registry/options.h"

namespace lakeward::connectors::schema_registry {

using config::default_to;
using config::optional;
using config::required;

const config::OptionSet<RegistryOptions>& registry_options() {
  static const config::OptionSet<RegistryOptions> options = {
      {"url", &RegistryOptions::url, required(),
       "Where Confluent's REST interface is, with its path if it has one: http://localhost:8081, "
       "https://registry/apis/ccompat/v7."},
      {"user", &RegistryOptions::user, optional(), "For Basic authentication."},
      {"password", &RegistryOptions::password, optional(), "For Basic authentication."},
      {"token", &RegistryOptions::token, optional(), "For Bearer authentication."},
      {"tls_ca", &RegistryOptions::tls_ca, optional(),
       "A file (PEM) of the authorities that may have signed the server's certificate; left out: "
       "those that the system trusts."},
      {"tls_certificate", &RegistryOptions::tls_certificate, optional(),
       "A file (PEM) of our own certificate, if the server asks for one."},
      {"tls_key", &RegistryOptions::tls_key, optional(), "The file (PEM) of its key."},
      {"timeout", &RegistryOptions::timeout, default_to(Duration{10'000'000}),
       "How long an answer may take."},
  };
  return options;
}

void check_registry_options(const RegistryOptions& options, const config::Value& value,
                            config::Problems& problems) {
  const auto report = [&](const char* key, const std::string& message) {
    const config::Value* given = value.find(key);
    problems.push_back({given == nullptr ? value.location() : given->location(), message});
  };
  if (!options.url.starts_with("http://") && !options.url.starts_with("https://")) {
    report("url", "'url' must begin with http:// or https://");
  }
  if (!options.token.empty() && !options.user.empty()) {
    report("token", "a schema registry is asked with either 'user' and 'password', or 'token'");
  }
  if (options.user.empty() && !options.password.empty()) report("password", "'user' is missing");
  const config::Value* password = value.find("password");
  if (!options.user.empty() && options.password.empty() && options.token.empty() &&
      (password == nullptr || !password->is_unresolved())) {
    report("user", "'password' is missing");
  }
  if (options.timeout <= Duration{0}) report("timeout", "'timeout' must be more than 0s");
  if (options.tls_certificate.empty() != options.tls_key.empty()) {
    report(options.tls_key.empty() ? "tls_certificate" : "tls_key",
           "'tls_certificate' and 'tls_key' belong together");
  }
}

}  // namespace lakeward::connectors::schema_registry
