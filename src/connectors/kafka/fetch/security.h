// What librdkafka's properties for TLS and SASL say to the fetcher.
#pragma once

#include "base/status.h"
#include "config/options.h"
#include "connectors/kafka/fetch/connection.h"

namespace lakeward::connectors::kafka::fetch {

// Whether connections can be secured as `security.protocol` and `sasl.mechanisms` say.
bool can_secure(const config::StringMap& properties);

// Reads certificates. Errors: InvalidArgument.
Result<Security> make_security(const config::StringMap& properties);

}  // namespace lakeward::connectors::kafka::fetch
