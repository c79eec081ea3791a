#include "connectors/http/options.h"

namespace lakeward::connectors::http {

using config::default_to;
using config::optional;
using config::required;

const config::OptionSet<HttpSourceOptions>& http_source_options() {
  static const config::OptionSet<HttpSourceOptions> options = {
      {"url", &HttpSourceOptions::url, required(), "What to request: http:// or https://."},
      {"every", &HttpSourceOptions::every, default_to(Duration{10'000'000}),
       "How long to wait from one request to the next. `--once` requests once."},
      {"method", &HttpSourceOptions::method, default_to(std::string("GET")),
       "The request's method: GET, POST, …"},
      {"headers", &HttpSourceOptions::headers, optional(),
       "Headers of the request; secrets are allowed."},
      {"auth", &HttpSourceOptions::auth, optional(),
       "Who asks: {user: …, password: …} (Basic) or {token: …} (Bearer)."},
      {"body", &HttpSourceOptions::body, optional(), "The request's body."},
      {"records", &HttpSourceOptions::records, optional(),
       "A JSON pointer (RFC 6901) to the records in the answer, for example /results: an array's "
       "elements are a record each, an object is one. Without it, the whole answer is meant."},
      {"timeout", &HttpSourceOptions::timeout, default_to(Duration{30'000'000}),
       "How long an answer may take."},
      {"max_body", &HttpSourceOptions::max_body, default_to(config::Bytes{64ULL << 20}),
       "The largest answer that is accepted."},
  };
  return options;
}

const config::OptionSet<HttpAuth>& http_auth_options() {
  static const config::OptionSet<HttpAuth> options = {
      {"user", &HttpAuth::user, optional(), "For Basic authentication."},
      {"password", &HttpAuth::password, optional(), "For Basic authentication."},
      {"token", &HttpAuth::token, optional(), "For Bearer authentication."},
  };
  return options;
}

void check_source_options(const HttpSourceOptions& options, const config::Value& value,
                          config::Problems& problems) {
  const auto report = [&](const char* key, const std::string& message) {
    const config::Value* given = value.find(key);
    problems.push_back({given == nullptr ? value.location() : given->location(), message});
  };
  if (!options.url.starts_with("http://") && !options.url.starts_with("https://")) {
    report("url", "'url' must begin with http:// or https://");
  }
  if (!options.records.empty() && options.records.front() != '/') {
    report("records", "'records' must be a JSON pointer, which begins with '/', not '" +
                          options.records + "'");
  }
  const HttpAuth auth = http_auth_options().parse(options.auth, problems);
  if (!auth.token.empty() && !auth.user.empty()) {
    report("auth", "'auth' must have either user and password, or token");
  }
  if (auth.user.empty() && !auth.password.empty()) report("auth", "'auth' has no user");
}

}  // namespace lakeward::connectors::http
