#include "connectors/kafka/fetch/introduction.h"

#include <algorithm>
#include <utility>

#include "connectors/kafka/fetch/fetch_api.h"
#include "connectors/kafka/fetch/wire.h"

namespace lakeward::connectors::kafka::fetch {
namespace {

constexpr int16_t kSaslHandshake = 17;
constexpr int16_t kApiVersions = 18;
constexpr int16_t kSaslAuthenticate = 36;

// Kafka protocol guide, "Error Codes".
constexpr int16_t kUnsupportedMechanism = 33;
constexpr int16_t kIllegalSaslState = 34;
constexpr int16_t kAuthenticationFailed = 58;

// No mechanism needs as many.
constexpr int kMostTurns = 10;
// A longer session has no end that matters.
constexpr std::chrono::hours kLongestSession{30 * 24};

Status unreadable(const char* request) {
  return unavailable(std::string("the broker's answer to ") + request + " cannot be read");
}

}  // namespace

Introduction::Introduction(std::string client_id, std::unique_ptr<SaslClient> sasl)
    : client_id_(std::move(client_id)), sasl_(std::move(sasl)) {}

std::string Introduction::request(int16_t api, int16_t version, std::string_view body) {
  WireWriter request;
  request.number(api);
  request.number(version);
  request.number(++correlation_);
  request.text(client_id_);
  request.bytes(body);
  return request.framed();
}

// Version 0, as even a broker that knows no other will answer it before a login.
std::string Introduction::first() { return request(kApiVersions, 0, ""); }

Result<std::optional<std::string>> Introduction::next(std::string_view answer) {
  WireReader reader(answer);
  if (reader.number<int32_t>() != correlation_ || !reader.ok()) {
    return unavailable("the broker answered something that was not asked");
  }
  switch (step_) {
    case Step::kVersions:
      return after_versions(reader);
    case Step::kHandshake:
      return after_handshake(reader);
    case Step::kAuthenticate:
      break;
  }
  return after_authenticate(reader);
}

Result<std::optional<std::string>> Introduction::after_versions(WireReader& reader) {
  const auto error = reader.number<int16_t>();
  const int32_t count = reader.count(6);
  for (int32_t i = 0; i < count; ++i) {
    const auto api = reader.number<int16_t>();
    VersionRange& range = versions_[api];
    range.lowest = reader.number<int16_t>();
    range.highest = reader.number<int16_t>();
  }
  if (!reader.ok()) return unreadable("ApiVersions");
  if (error != 0 || !versions_[kFetchApi].has(kFetchVersion)) {
    return unsupported("the broker has no Fetch of version " + std::to_string(kFetchVersion));
  }
  if (sasl_ == nullptr) return std::optional<std::string>();
  const VersionRange authenticate = versions_[kSaslAuthenticate];
  authenticate_version_ = authenticate.has(1) ? 1 : 0;
  if (!versions_[kSaslHandshake].has(1) || !authenticate.has(authenticate_version_)) {
    return unsupported("the broker has no SaslAuthenticate");
  }
  step_ = Step::kHandshake;
  WireWriter body;
  body.text(sasl_->mechanism());
  return std::optional(request(kSaslHandshake, 1, body.str()));
}

Result<std::optional<std::string>> Introduction::after_handshake(WireReader& reader) {
  const auto error = reader.number<int16_t>();
  std::string offered;
  const int32_t count = reader.count(2);
  for (int32_t i = 0; i < count; ++i) {
    offered += (i == 0 ? "" : ", ") + std::string(reader.text());
  }
  if (!reader.ok()) return unreadable("SaslHandshake");
  if (error == kUnsupportedMechanism) {
    return invalid_argument("the broker does not offer the SASL mechanism " +
                            std::string(sasl_->mechanism()) + ", but " +
                            shown(offered, sasl_->secret()));
  }
  if (error != 0) {
    return unavailable("the broker answered SaslHandshake with error " + std::to_string(error));
  }
  step_ = Step::kAuthenticate;
  return std::optional(authenticate(sasl_->first()));
}

std::string Introduction::authenticate(std::string_view said) {
  WireWriter body;
  body.number(static_cast<int32_t>(said.size()));
  body.bytes(said);
  return request(kSaslAuthenticate, authenticate_version_, body.str());
}

Result<std::optional<std::string>> Introduction::after_authenticate(WireReader& reader) {
  const auto error = reader.number<int16_t>();
  const std::string_view message = reader.text();
  const auto size = reader.number<int32_t>();
  const std::string_view said = size > 0 ? reader.bytes(static_cast<size_t>(size)) : "";
  const auto lifetime_ms = authenticate_version_ >= 1 ? reader.number<int64_t>() : 0;
  if (!reader.ok()) return unreadable("SaslAuthenticate");
  const std::string name(sasl_->mechanism());
  if (error == kAuthenticationFailed || error == kIllegalSaslState) {
    return invalid_argument("SASL " + name +
                            " authentication failed: " + shown(message, sasl_->secret()));
  }
  if (error != 0) {
    return unavailable("the broker answered SaslAuthenticate with error " + std::to_string(error) +
                       ": " + shown(message, sasl_->secret()));
  }
  Result<std::optional<std::string>> response = sasl_->respond(said);
  if (!response.ok()) {
    return response.status().with_context("SASL " + name + " authentication failed");
  }
  if (response->has_value()) {
    if (++turns_ > kMostTurns) return unreadable("SaslAuthenticate");
    return std::optional(authenticate(**response));
  }
  if (lifetime_ms > 0 && lifetime_ms < std::chrono::milliseconds(kLongestSession).count()) {
    session_ = std::chrono::milliseconds(lifetime_ms);
  }
  return std::optional<std::string>();
}

}  // namespace lakeward::connectors::kafka::fetch
