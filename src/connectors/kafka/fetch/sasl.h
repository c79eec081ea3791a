// What a client says to prove who it is: the mechanisms of SASL, without Kafka's frames around
// them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "base/status.h"

namespace lakeward::connectors::kafka::fetch {

// One login. Used by one thread.
class SaslClient {
 public:
  virtual ~SaslClient() = default;

  // As the IANA registry has it: "PLAIN".
  virtual std::string_view mechanism() const = 0;
  // What the client says first.
  virtual std::string first() = 0;
  // What it says to what the broker answered, which nobody has checked; nullopt if nothing is left
  // to say, and the broker has proved what the mechanism lets it prove. Errors: InvalidArgument.
  virtual Result<std::optional<std::string>> respond(std::string_view answer) = 0;
  // What must never be shown, whoever repeats it.
  virtual const SecretString& secret() const = 0;
};

// Makes a client for each login. Errors: Unavailable if there is no token now.
using SaslLogin = std::function<Result<std::unique_ptr<SaslClient>>()>;

// RFC 4616.
std::unique_ptr<SaslClient> make_plain(std::string user, SecretString password);

// RFC 7628, with a token that holds no control characters, and extensions as librdkafka writes
// them: "name=value,name=value".
std::unique_ptr<SaslClient> make_oauthbearer(SecretString token, std::string_view extensions);

// What somebody else has said, to stand in a message: not long, without control characters, and
// left out if the secret is in it.
std::string shown(std::string_view said, const SecretString& secret);

}  // namespace lakeward::connectors::kafka::fetch
