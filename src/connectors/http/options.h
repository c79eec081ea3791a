// What a `from: http:` block may say.
#pragma once

#include <string>

#include "base/secret.h"
#include "config/options.h"

namespace lakeward::connectors::http {

struct HttpAuth {
  std::string user;
  SecretString password;
  SecretString token;
};

struct HttpSourceOptions {
  std::string url;
  Duration every{10'000'000};
  std::string method = "GET";
  config::StringMap headers;
  config::Value auth;
  std::string body;
  std::string records;
  Duration timeout{30'000'000};
  config::Bytes max_body{64ULL << 20};
};

const config::OptionSet<HttpSourceOptions>& http_source_options();
// Of the block `auth`.
const config::OptionSet<HttpAuth>& http_auth_options();
void check_source_options(const HttpSourceOptions& options, const config::Value& value,
                          config::Problems& problems);

}  // namespace lakeward::connectors::http
