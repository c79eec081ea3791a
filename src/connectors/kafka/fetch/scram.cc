#include "connectors/kafka/fetch/scram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "format/base64.h"

namespace lakeward::connectors::kafka::fetch {
namespace {

constexpr size_t kNonceBytes = 24;
// RFC 7677, 4 asks for as many at least; a broker that wants more than this keeps us busy on
// purpose.
constexpr int kFewestIterations = 4'096;
constexpr int kMostIterations = 1'000'000;
// "n,,": the client does not support channel binding; in base64 as the RFC wants it repeated.
constexpr std::string_view kHeader = "n,,";
constexpr std::string_view kEncodedHeader = "biws";

const EVP_MD* digest_of(ScramHash hash) {
  return hash == ScramHash::kSha256 ? EVP_sha256() : EVP_sha512();
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::string hmac(const EVP_MD* digest, const std::string& key, std::string_view text) {
  std::string code(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  CHECK(HMAC(digest, key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(),
             bytes_of(code), &size) != nullptr,
        "OpenSSL has SHA-2");
  code.resize(size);
  return code;
}

std::string hash(const EVP_MD* digest, const std::string& text) {
  std::string hashed(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  CHECK(EVP_Digest(text.data(), text.size(), bytes_of(hashed), &size, digest, nullptr) == 1,
        "OpenSSL has SHA-2");
  hashed.resize(size);
  return hashed;
}

// RFC 5802, 2.2: Hi().
std::string salted_password(const EVP_MD* digest, const std::string& password,
                            const std::string& salt, int iterations) {
  std::string salted(static_cast<size_t>(EVP_MD_get_size(digest)), '\0');
  CHECK(PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), bytes_of(salt),
                          static_cast<int>(salt.size()), iterations, digest,
                          static_cast<int>(salted.size()), bytes_of(salted)) == 1,
        "OpenSSL has PBKDF2");
  return salted;
}

// RFC 5802, 5.1: a name holds neither ',' nor '='.
std::string escaped(const std::string& name) {
  std::string text;
  for (const char c : name) {
    if (c == ',') {
      text += "=2C";
    } else if (c == '=') {
      text += "=3D";
    } else {
      text += c;
    }
  }
  return text;
}

// Takes "NAME=value" off the front of a list that commas divide.
std::optional<std::string_view> take(std::string_view& list, char name) {
  if (list.size() < 2 || list[0] != name || list[1] != '=') return std::nullopt;
  const std::string_view value = list.substr(2, list.find(',') - 2);
  list.remove_prefix(std::min(list.size(), value.size() + 3));
  return value;
}

// RFC 5802, 7: a positive number, without zeros in front.
std::optional<int> parse_number(std::string_view text) {
  int number = 0;
  const char* const end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || parsed != end || number <= 0 || text[0] == '0') return std::nullopt;
  return number;
}

// What the broker says first: "r=…,s=…,i=…", perhaps with extensions behind.
struct Challenge {
  std::string nonce;  // the client's, and the broker's behind it
  std::string salt;
  int iterations = 0;
};

Result<Challenge> parse_challenge(std::string_view text, const std::string& client_nonce) {
  std::string_view rest = text;
  const auto nonce = take(rest, 'r');
  const auto salt = take(rest, 's');
  const auto iterations = take(rest, 'i');
  if (!nonce || !salt || !iterations) {
    return invalid_argument("the broker's challenge cannot be read");
  }
  Challenge challenge;
  challenge.nonce = *nonce;
  if (!nonce->starts_with(client_nonce) || nonce->size() == client_nonce.size()) {
    return invalid_argument("the broker's challenge is not to this login");
  }
  challenge.salt = format::decode_base64(*salt).value_or("");
  challenge.iterations = parse_number(*iterations).value_or(0);
  if (challenge.salt.empty()) return invalid_argument("the broker gave no salt");
  if (challenge.iterations < kFewestIterations || challenge.iterations > kMostIterations) {
    return invalid_argument("the broker wants a number of iterations that is not between " +
                            std::to_string(kFewestIterations) + " and " +
                            std::to_string(kMostIterations));
  }
  return challenge;
}

class ScramClient final : public SaslClient {
 public:
  ScramClient(ScramHash hash, std::string user, SecretString password, std::string nonce)
      : hash_(hash),
        password_(std::move(password)),
        nonce_(std::move(nonce)),
        first_bare_("n=" + escaped(user) + ",r=" + nonce_) {}

  std::string_view mechanism() const override {
    return hash_ == ScramHash::kSha256 ? "SCRAM-SHA-256" : "SCRAM-SHA-512";
  }
  std::string first() override { return std::string(kHeader) + first_bare_; }
  Result<std::optional<std::string>> respond(std::string_view answer) override {
    if (signature_.empty()) return prove(answer);
    RETURN_IF_ERROR(verify(answer));
    return std::optional<std::string>();
  }
  const SecretString& secret() const override { return password_; }

 private:
  Result<std::optional<std::string>> prove(std::string_view challenge);
  Status verify(std::string_view answer) const;

  const ScramHash hash_;
  const SecretString password_;
  const std::string nonce_;
  const std::string first_bare_;
  std::string signature_;  // what the broker must answer at the end
};

// RFC 5802, 3.
Result<std::optional<std::string>> ScramClient::prove(std::string_view text) {
  ASSIGN_OR_RETURN(const Challenge challenge, parse_challenge(text, nonce_));
  const EVP_MD* const digest = digest_of(hash_);
  const std::string salted =
      salted_password(digest, password_.expose(), challenge.salt, challenge.iterations);
  const std::string client_key = hmac(digest, salted, "Client Key");
  const std::string without_proof = "c=" + std::string(kEncodedHeader) + ",r=" + challenge.nonce;
  const std::string exchanged = first_bare_ + "," + std::string(text) + "," + without_proof;
  std::string proof = hmac(digest, hash(digest, client_key), exchanged);
  for (size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ client_key[i]);
  signature_ = hmac(digest, hmac(digest, salted, "Server Key"), exchanged);
  return std::optional(without_proof + ",p=" + format::encode_base64(proof));
}

Status ScramClient::verify(std::string_view answer) const {
  std::string_view rest = answer;
  if (const auto error = take(rest, 'e')) {
    return invalid_argument("the broker says: " + shown(*error, password_));
  }
  const std::string signature = format::decode_base64(take(rest, 'v').value_or("")).value_or("");
  if (signature.size() != signature_.size() ||
      CRYPTO_memcmp(signature.data(), signature_.data(), signature.size()) != 0) {
    return invalid_argument(
        "the broker could not prove that it knows the password: it may be another");
  }
  return ok_status();
}

}  // namespace

std::unique_ptr<SaslClient> make_scram(ScramHash hash, std::string user, SecretString password,
                                       std::string nonce) {
  return std::make_unique<ScramClient>(hash, std::move(user), std::move(password),
                                       std::move(nonce));
}

Result<std::string> make_nonce() {
  std::string bytes(kNonceBytes, '\0');
  if (RAND_bytes(bytes_of(bytes), static_cast<int>(bytes.size())) != 1) {
    return internal_error("the system gives no randomness");
  }
  return format::encode_base64(bytes);
}

}  // namespace lakeward::connectors::kafka::fetch
