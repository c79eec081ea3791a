// How to reach Kafka's brokers: the options that every block which does so has.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "config/options.h"
#include "connectors/kafka/service.h"

namespace lakeward::connectors::kafka {

enum class Sasl { kNone, kPlain, kScramSha256, kScramSha512, kOauthbearer };
std::vector<std::pair<std::string, Sasl>> option_choices(Sasl);

struct ConnectionOptions {
  std::vector<std::string> brokers;
  bool tls = false;
  std::string tls_ca;
  std::string tls_certificate;
  std::string tls_key;
  SecretString tls_key_password;
  bool tls_verify = true;
  Sasl sasl = Sasl::kNone;
  std::string user;
  SecretString password;
  std::string token_url;
  std::string client_id;
  SecretString client_secret;
  std::string scope;
  config::StringMap sasl_extensions;
  config::StringMap properties;
};

// These options alone: of a connection that commands use.
const config::OptionSet<ConnectionOptions>& kafka_connection_options();

// The brokers of an option: its elements may be lists themselves ("a:9092, b:9092").
std::vector<std::string> broker_addresses(const std::vector<std::string>& brokers);

// A property of librdkafka that an option, or what Lakeward promises, decides.
struct OwnedProperty {
  std::string_view name;
  std::string_view instead;
};

// Checks the connection and `properties`; `owned` are refused beside those of the connection.
void check_connection(const ConnectionOptions& options, const config::Value& block,
                      std::span<const OwnedProperty> owned, config::Problems& problems);
// The `properties` of a block alone; what `owned` says of one goes first.
void check_properties(const config::Value& block, std::span<const OwnedProperty> owned,
                      config::Problems& problems);

// Why this cannot be a topic's name; empty if it can.
std::string refuse_topic_name(const std::string& name);

// Whether it is host, host:port or [address]:port.
bool is_broker_address(std::string_view broker);

// The place of a key's value, or of the block if it is not there.
const config::Location& place_of(const config::Value& block, std::string_view key);

// The words for what goes wrong with these options.
Service service_of(const ConnectionOptions& options);

// librdkafka's properties for these options. Holds secrets: never show it.
config::StringMap connection_properties(const ConnectionOptions& options,
                                        const std::filesystem::path& project_root);

// What a property is: the last value given, as for librdkafka; empty if there is none.
std::string property_of(const config::StringMap& properties, std::string_view name);

// Adds a property unless the user has given it.
void set_default(config::StringMap& properties, const std::string& name, std::string value);

// The options of ConnectionOptions, as options of a struct that inherits it.
namespace internal {

template <typename T, typename M>
constexpr M T::*member_of(M ConnectionOptions::*member) {
  return member;
}

}  // namespace internal

template <typename T>
config::Option<T> brokers_option() {
  return {"brokers", internal::member_of<T>(&ConnectionOptions::brokers), config::required(),
          "The brokers to ask first, as host:port: one, a list, or separated by commas."};
}
template <typename T>
config::Option<T> tls_option() {
  return {"tls", internal::member_of<T>(&ConnectionOptions::tls), config::default_to(false),
          "Whether connections are encrypted."};
}
template <typename T>
config::Option<T> tls_ca_option() {
  return {"tls_ca", internal::member_of<T>(&ConnectionOptions::tls_ca), config::optional(),
          "A PEM file with the authorities that may sign the brokers' certificates; default: the "
          "system's."};
}
template <typename T>
config::Option<T> tls_certificate_option() {
  return {"tls_certificate", internal::member_of<T>(&ConnectionOptions::tls_certificate),
          config::optional(), "A PEM file with the client's certificate."};
}
template <typename T>
config::Option<T> tls_key_option() {
  return {"tls_key", internal::member_of<T>(&ConnectionOptions::tls_key), config::optional(),
          "A PEM file with the key of 'tls_certificate'."};
}
template <typename T>
config::Option<T> tls_key_password_option() {
  return {"tls_key_password", internal::member_of<T>(&ConnectionOptions::tls_key_password),
          config::optional(), "The password of 'tls_key'."};
}
template <typename T>
config::Option<T> tls_verify_option() {
  return {"tls_verify", internal::member_of<T>(&ConnectionOptions::tls_verify),
          config::default_to(true),
          "Whether the brokers' certificates and host names are verified."};
}
template <typename T>
config::Option<T> sasl_option() {
  return {"sasl", internal::member_of<T>(&ConnectionOptions::sasl), config::default_to(Sasl::kNone),
          "How the client proves who it is: with 'user' and 'password', or with tokens of "
          "'token_url'."};
}
template <typename T>
config::Option<T> user_option() {
  return {"user", internal::member_of<T>(&ConnectionOptions::user), config::optional(),
          "The SASL user."};
}
template <typename T>
config::Option<T> password_option() {
  return {"password", internal::member_of<T>(&ConnectionOptions::password), config::optional(),
          "The SASL password."};
}
template <typename T>
config::Option<T> token_url_option() {
  return {"token_url", internal::member_of<T>(&ConnectionOptions::token_url), config::optional(),
          "Where tokens for 'sasl: oauthbearer' come from: an OAuth 2.0 token endpoint, asked with "
          "client credentials and again before each token expires."};
}
template <typename T>
config::Option<T> client_id_option() {
  return {"client_id", internal::member_of<T>(&ConnectionOptions::client_id), config::optional(),
          "The client that asks for tokens."};
}
template <typename T>
config::Option<T> client_secret_option() {
  return {"client_secret", internal::member_of<T>(&ConnectionOptions::client_secret),
          config::optional(), "The secret of 'client_id'."};
}
template <typename T>
config::Option<T> scope_option() {
  return {"scope", internal::member_of<T>(&ConnectionOptions::scope), config::optional(),
          "What tokens are asked for, in the words of their issuer."};
}
template <typename T>
config::Option<T> sasl_extensions_option() {
  return {"sasl_extensions", internal::member_of<T>(&ConnectionOptions::sasl_extensions),
          config::optional(),
          "What the brokers want to know beside the token, such as logicalCluster and "
          "identityPoolId."};
}
template <typename T>
config::Option<T> properties_option() {
  return {"properties", internal::member_of<T>(&ConnectionOptions::properties), config::optional(),
          "Any other property of librdkafka, by its name there."};
}

}  // namespace lakeward::connectors::kafka
