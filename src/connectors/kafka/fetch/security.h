// What librdkafka's properties for TLS and SASL say to the fetcher.
#pragma once

#include <functional>

#include "base/status.h"
#include "config/options.h"
#include "connectors/kafka/fetch/connection.h"
#include "connectors/kafka/oauth_token.h"

namespace lakeward::connectors::kafka::fetch {

// Whether connections can be secured as `security.protocol` and `sasl.mechanisms` say.
bool can_secure(const config::StringMap& properties);

// Gives a token for OAUTHBEARER that is valid now. Errors: Unavailable if there is none.
using TokenSource = std::function<Result<OauthToken>()>;

// Reads certificates. `token` is asked at each login with OAUTHBEARER. Errors: InvalidArgument.
Result<Security> make_security(const config::StringMap& properties, TokenSource token);

}  // namespace lakeward::connectors::kafka::fetch
