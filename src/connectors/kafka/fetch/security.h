// What librdkafka's properties for TLS and SASL say to the fetcher.
#pragma once

#include <functional>
#include <string_view>

#include "base/status.h"
#include "config/options.h"
#include "connectors/kafka/fetch/connection.h"
#include "connectors/kafka/oauth_token.h"

namespace lakeward::connectors::kafka::fetch {

// Whether a property says how connections are secured, and is one that is understood here.
bool is_known_security(std::string_view property);

// Whether connections can be secured as the properties say: their mechanism is one of sasl.h and
// scram.h, and none that is about TLS or SASL is librdkafka's alone.
bool can_secure(const config::StringMap& properties);

// Gives a token for OAUTHBEARER that is valid now. Errors: Unavailable if there is none.
using TokenSource = std::function<Result<OauthToken>()>;

// Reads certificates. `token` is asked at each login with OAUTHBEARER. Errors: InvalidArgument.
Result<Security> make_security(const config::StringMap& properties, TokenSource token);

}  // namespace lakeward::connectors::kafka::fetch
