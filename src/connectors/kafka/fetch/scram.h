// SCRAM-SHA-256 and SCRAM-SHA-512: a password is proved without being sent, and the broker proves
// that it knows it, too. RFC 5802, RFC 7677; without channel binding, which Kafka has not, and
// without SASLprep, which librdkafka leaves out, too.
#pragma once

#include <memory>
#include <string>

#include "base/secret.h"
#include "base/status.h"
#include "connectors/kafka/fetch/sasl.h"

namespace lakeward::connectors::kafka::fetch {

enum class ScramHash { kSha256, kSha512 };

// `nonce`: of this login alone; printable, without commas.
std::unique_ptr<SaslClient> make_scram(ScramHash hash, std::string user, SecretString password,
                                       std::string nonce);

// One that nobody can guess. Errors: Internal if the system has no randomness.
Result<std::string> make_nonce();

}  // namespace lakeward::connectors::kafka::fetch
