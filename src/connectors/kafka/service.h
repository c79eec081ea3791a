// The words of a service that speaks Kafka's protocol.
#pragma once

#include <string>

namespace lakeward::connectors::kafka {

// Of a writer in place of `topic_permission`.
inline constexpr const char* kMayWrite =
    "the user needs the permissions Describe and Write on the topic";

// What a service is called and what its user can do about its refusals. Each text is the end of a
// message: "…; check 'brokers'".
struct Service {
  std::string name = "kafka";    // begins each message
  std::string topic = "topic";   // what holds records
  std::string option = "topic";  // where the user named it
  std::string reach = "check 'brokers', unless they are only away for a while";
  std::string login = "check 'sasl', 'user' and 'password'";
  std::string certificate = "check 'tls_ca', and that 'brokers' names the host of the certificate";
  std::string own_certificate =
      "the brokers do not trust this client: check 'tls_certificate' and 'tls_key'";
  std::string encryption = "check 'tls': one side speaks TLS and the other does not";
  std::string topic_permission = "the user needs the permissions Describe and Read on the topic";
  std::string group_permission = "the user needs the permission Read on the group 'group_id'";
  // Of writers; empty: what Kafka's permissions and settings are called.
  std::string write_permission = "";
  std::string too_large = "";
  std::string unknown_topic = "create it, or correct 'topic' or 'brokers'";
};

}  // namespace lakeward::connectors::kafka
