#include "connectors/kafka/oauth_token.h"

#include <nlohmann/json.hpp>

#include "format/base64.h"

namespace lakeward::connectors::kafka {
namespace {

constexpr Duration kTimeout{10'000'000};
constexpr uint64_t kLargestAnswer = 1 << 20;
// Of a token whose answer does not say how long it is valid (RFC 6749, 5.1 leaves that open).
constexpr int64_t kAssumedSeconds = 300;
constexpr size_t kShownBytes = 300;

// application/x-www-form-urlencoded, for one value.
std::string form_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      encoded += c;
    } else {
      encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return encoded;
}

std::string text_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// What the endpoint says of its refusal: never the token or the secret.
std::string refusal(const io::HttpResponse& response) {
  std::string text = "HTTP " + std::to_string(response.status);
  const nlohmann::json json = nlohmann::json::parse(response.body, nullptr, false);
  if (!json.is_object()) return text;
  const std::string error = text_of(json, "error");
  const std::string description = text_of(json, "error_description");
  if (!error.empty()) text += ", " + mask_secrets(error).substr(0, kShownBytes);
  if (!description.empty()) text += ": " + mask_secrets(description).substr(0, kShownBytes);
  return text;
}

Status refused(const std::string& place, const io::HttpResponse& response) {
  const std::string message = place + " gave no token: " + refusal(response);
  if (response.status == 429 || response.status >= 500) return unavailable(message);
  if (response.status == 404 || response.status == 405) {
    return invalid_argument(message + "; check 'token_url'");
  }
  return invalid_argument(message + "; check 'client_id', 'client_secret' and 'scope'");
}

}  // namespace

Result<OauthToken> fetch_token(io::HttpClient& http, const OauthClient& client, Timestamp now) {
  const std::string place = "the token endpoint " + io::without_secrets(client.token_url);
  io::HttpRequest request;
  request.method = "POST";
  request.url = client.token_url;
  request.connect_timeout = kTimeout;
  request.timeout = kTimeout;
  request.max_response_bytes = kLargestAnswer;
  request.headers = {
      {"Content-Type", "application/x-www-form-urlencoded"},
      {"Accept", "application/json"},
      {"Authorization",
       "Basic " + format::encode_base64(form_encoded(client.client_id) + ":" +
                                        form_encoded(client.client_secret.expose()))}};
  request.body = "grant_type=client_credentials";
  if (!client.scope.empty()) request.body += "&scope=" + form_encoded(client.scope);
  const Result<io::HttpResponse> response = http.send(request);
  if (!response.ok()) {
    const Status& status = response.status();
    if (status.retriable()) return unavailable("the token endpoint: " + status.message());
    return invalid_argument("the token endpoint: " + status.message() + "; check 'token_url'");
  }
  if (response->status != 200) return refused(place, *response);
  const nlohmann::json json = nlohmann::json::parse(response->body, nullptr, false);
  OauthToken token;
  if (json.is_object()) token.value = text_of(json, "access_token");
  if (token.value.empty()) {
    return invalid_argument(place +
                            " answered without an 'access_token'; check that 'token_url' is the "
                            "address of an OAuth 2.0 token endpoint");
  }
  int64_t seconds = kAssumedSeconds;
  const auto lifetime = json.find("expires_in");
  if (lifetime != json.end() && lifetime->is_number()) seconds = lifetime->get<int64_t>();
  if (seconds <= 0) return unavailable(place + " gave a token that has already expired");
  token.expires = now + std::chrono::seconds(seconds);
  return token;
}

}  // namespace lakeward::connectors::kafka
