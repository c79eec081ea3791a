// Tokens for SASL OAUTHBEARER: asked for at a token endpoint with a client's id and secret.
//
// librdkafka can do this too (sasl.oauthbearer.method=oidc). It is done here because Lakeward must
// know whether the endpoint is away, which waiting mends, or refuses, which it does not; and so
// that certificates are those that its other HTTPS requests trust, whichever librdkafka is linked.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/secret.h"
#include "base/status.h"
#include "io/http_client.h"

namespace lakeward::connectors::kafka {

struct OauthClient {
  std::string token_url;
  std::string client_id;
  SecretString client_secret;
  std::string scope;  // may be empty
};

struct OauthToken {
  std::string value;
  Timestamp expires;
};

// RFC 6749, 4.4 (client credentials), with the client's secret in the Authorization header (2.3.1).
// Errors: Unavailable if the endpoint is away or overloaded; InvalidArgument, with what the
// endpoint said and what to check, if it refuses the client or its answer holds no token.
Result<OauthToken> fetch_token(io::HttpClient& http, const OauthClient& client, Timestamp now);

}  // namespace lakeward::connectors::kafka
