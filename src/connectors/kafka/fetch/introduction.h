// What is said on a new connection before the first Fetch: which requests the broker understands,
// and who we are.
//
// Kafka protocol guide, "SASL Authentication Sequence", "ApiVersions API (Key: 18)", "SaslHandshake
// API (Key: 17)", "SaslAuthenticate API (Key: 36)"; KIP-368 for the end of a session.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "connectors/kafka/fetch/sasl.h"

namespace lakeward::connectors::kafka::fetch {

class WireReader;

// The versions of a request that a broker has.
struct VersionRange {
  int16_t lowest = 0;
  int16_t highest = -1;
  bool has(int16_t version) const { return lowest <= version && version <= highest; }
};
using ApiVersions = std::map<int16_t, VersionRange>;

// Used by one thread.
class Introduction {
 public:
  // `sasl` is null if the broker wants no login.
  Introduction(std::string client_id, std::unique_ptr<SaslClient> sasl);

  // Requests are framed; answers are without their size, and nobody has checked them.
  std::string first();
  // The next request; nullopt if all is said, and the broker may be asked for records. Errors:
  // InvalidArgument if the broker refuses the login; Unsupported if it lacks a request that is
  // needed here; Unavailable if it gives an answer that is none.
  Result<std::optional<std::string>> next(std::string_view answer);

  // What the broker has, once it has said so.
  const ApiVersions& versions() const { return versions_; }
  // How long the broker lets the login last; nullopt if it does not say.
  std::optional<std::chrono::milliseconds> session() const { return session_; }

 private:
  enum class Step { kVersions, kHandshake, kAuthenticate };
  std::string request(int16_t api, int16_t version, std::string_view body);
  std::string authenticate(std::string_view said);
  Result<std::optional<std::string>> after_versions(WireReader& reader);
  Result<std::optional<std::string>> after_handshake(WireReader& reader);
  Result<std::optional<std::string>> after_authenticate(WireReader& reader);

  const std::string client_id_;
  const std::unique_ptr<SaslClient> sasl_;
  Step step_ = Step::kVersions;
  int32_t correlation_ = 0;
  int16_t authenticate_version_ = 0;
  int turns_ = 0;
  ApiVersions versions_;
  std::optional<std::chrono::milliseconds> session_;
};

}  // namespace lakeward::connectors::kafka::fetch
