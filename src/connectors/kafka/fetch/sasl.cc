#include "connectors/kafka/fetch/sasl.h"

#include <algorithm>
#include <utility>

namespace lakeward::connectors::kafka::fetch {
namespace {

constexpr size_t kShownBytes = 300;

class PlainClient final : public SaslClient {
 public:
  PlainClient(std::string user, SecretString password)
      : user_(std::move(user)), password_(std::move(password)) {}

  std::string_view mechanism() const override { return "PLAIN"; }
  std::string first() override {
    return std::string(1, '\0') + user_ + std::string(1, '\0') + password_.expose();
  }
  Result<std::optional<std::string>> respond(std::string_view) override {
    return std::optional<std::string>();
  }
  const SecretString& secret() const override { return password_; }

 private:
  const std::string user_;
  const SecretString password_;
};

// Divides the pairs of a message.
constexpr char kSeparator = '\x01';

class OauthbearerClient final : public SaslClient {
 public:
  OauthbearerClient(SecretString token, std::string_view extensions) : token_(std::move(token)) {
    if (extensions.empty()) return;
    extensions_ = std::string(extensions) + kSeparator;
    std::replace(extensions_.begin(), extensions_.end(), ',', kSeparator);
  }

  std::string_view mechanism() const override { return "OAUTHBEARER"; }
  std::string first() override {
    return std::string("n,,") + kSeparator + "auth=Bearer " + token_.expose() + kSeparator +
           extensions_ + kSeparator;
  }
  // A broker that refuses the token may say why, and end the login when that is acknowledged.
  Result<std::optional<std::string>> respond(std::string_view answer) override {
    if (!refusal_.empty()) return invalid_argument("the broker says: " + refusal_);
    if (answer.empty()) return std::optional<std::string>();
    refusal_ = shown(answer, token_);
    return std::optional(std::string(1, kSeparator));
  }
  const SecretString& secret() const override { return token_; }

 private:
  const SecretString token_;
  std::string extensions_;
  std::string refusal_;
};

}  // namespace

std::unique_ptr<SaslClient> make_oauthbearer(SecretString token, std::string_view extensions) {
  return std::make_unique<OauthbearerClient>(std::move(token), extensions);
}

std::unique_ptr<SaslClient> make_plain(std::string user, SecretString password) {
  return std::make_unique<PlainClient>(std::move(user), std::move(password));
}

std::string shown(std::string_view said, const SecretString& secret) {
  if (!secret.empty() && said.find(secret.expose()) != std::string_view::npos) return "(hidden)";
  std::string text;
  for (const char c : said.substr(0, kShownBytes)) {
    text += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  return text;
}

}  // namespace lakeward::connectors::kafka::fetch
