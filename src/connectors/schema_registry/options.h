// How a schema registry is reached: the block `registry` of a `decode:` or an `encode:`, or a
// connection.
#pragma once

#include <string>

#include "base/secret.h"
#include "config/options.h"

namespace lakeward::connectors::schema_registry {

struct RegistryOptions {
  std::string url;
  std::string user;
  SecretString password;
  SecretString token;
  std::string tls_ca;
  std::string tls_certificate;
  std::string tls_key;
  Duration timeout{10'000'000};
};

const config::OptionSet<RegistryOptions>& registry_options();
// Adds what is wrong with options that parsed.
void check_registry_options(const RegistryOptions& options, const config::Value& value,
                            config::Problems& problems);

}  // namespace lakeward::connectors::schema_registry
