#include "connectors/kafka/options.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/units.h"
#include "connectors/kafka/client.h"

namespace lakeward::connectors::kafka {

using config::default_to;
using config::Location;
using config::optional;
using config::Problems;
using config::required;
using config::Value;

std::vector<std::pair<std::string, Sasl>> option_choices(Sasl) {
  return {{"none", Sasl::kNone},
          {"plain", Sasl::kPlain},
          {"scram_sha_256", Sasl::kScramSha256},
          {"scram_sha_512", Sasl::kScramSha512}};
}

std::vector<std::pair<std::string, OnLostOffsets>> option_choices(OnLostOffsets) {
  return {{"fail", OnLostOffsets::kFail},
          {"earliest", OnLostOffsets::kEarliest},
          {"latest", OnLostOffsets::kLatest}};
}

std::vector<std::pair<std::string, Isolation>> option_choices(Isolation) {
  return {{"read_committed", Isolation::kReadCommitted},
          {"read_uncommitted", Isolation::kReadUncommitted}};
}

namespace {

// Properties of librdkafka that an option, or what Lakeward promises, decides.
struct OwnedProperty {
  std::string_view name;
  std::string_view instead;
};
constexpr OwnedProperty kOwnedProperties[] = {
    {"bootstrap.servers", "say it in 'brokers'"},
    {"metadata.broker.list", "say it in 'brokers'"},
    {"group.id", "say it in 'group_id'"},
    {"isolation.level", "say it in 'isolation'"},
    {"security.protocol", "say it in 'tls' and 'sasl'"},
    {"sasl.mechanism", "say it in 'sasl'"},
    {"sasl.mechanisms", "say it in 'sasl'"},
    {"sasl.username", "say it in 'user'"},
    {"sasl.password", "say it in 'password'"},
    {"ssl.ca.location", "say it in 'tls_ca'"},
    {"ssl.certificate.location", "say it in 'tls_certificate'"},
    {"ssl.key.location", "say it in 'tls_key'"},
    {"ssl.key.password", "say it in 'tls_key_password'"},
    {"enable.ssl.certificate.verification", "say it in 'tls_verify'"},
    {"auto.offset.reset", "say it in 'start' and 'on_lost_offsets'"},
    {"enable.auto.commit", "the pipeline's checkpoint remembers the offsets"},
    {"enable.auto.offset.store", "the pipeline's checkpoint remembers the offsets"},
    {"enable.partition.eof", "the reader needs it"},
    {"plugin.library.paths", "no code is loaded"},
};

const Location& place_of(const Value& block, std::string_view key) {
  const Value* given = block.find(key);
  return given == nullptr ? block.location() : given->location();
}

void check_property(const Value::Entry& entry, Problems& problems) {
  for (const OwnedProperty& owned : kOwnedProperties) {
    if (owned.name != entry.key) continue;
    problems.push_back({entry.key_location, "the property '" + entry.key +
                                                "' cannot be set: " + std::string(owned.instead)});
    return;
  }
  if (!entry.value.is_scalar()) return;
  const std::optional<std::string> refusal = refuse_property(entry.key, entry.value.text());
  if (!refusal) return;
  // The refusal may quote the value.
  const bool hide = entry.value.scalar().secret;
  problems.push_back({entry.key_location, "librdkafka refuses the property '" + entry.key + "'" +
                                              (hide ? std::string() : ": " + *refusal)});
}

void check_connection(const ConnectionOptions& options, const Value& block, Problems& problems) {
  const auto need = [&](bool given, bool needed, const char* key, const char* with) {
    if (!given || needed) return;
    problems.push_back(
        {place_of(block, key), "'" + std::string(key) + "' is of no use without '" + with + "'"});
  };
  if (options.brokers.empty()) {
    problems.push_back({place_of(block, "brokers"), "'brokers' names no broker"});
  }
  need(!options.tls_ca.empty(), options.tls, "tls_ca", "tls: true");
  need(!options.tls_certificate.empty(), options.tls, "tls_certificate", "tls: true");
  need(!options.tls_key.empty(), options.tls, "tls_key", "tls: true");
  need(!options.tls_verify, options.tls, "tls_verify", "tls: true");
  const bool sasl = options.sasl != Sasl::kNone;
  need(!options.user.empty(), sasl, "user", "sasl");
  need(!options.password.empty(), sasl, "password", "sasl");
  if (sasl && options.user.empty()) {
    problems.push_back({place_of(block, "sasl"), "'sasl' needs 'user' and 'password'"});
  }
  if (options.tls_certificate.empty() != options.tls_key.empty()) {
    problems.push_back({place_of(block, "tls_certificate"),
                        "'tls_certificate' and 'tls_key' belong together: give both"});
  }
  const Value* properties = block.find("properties");
  if (properties != nullptr && properties->is_map()) {
    for (const Value::Entry& entry : properties->map()) check_property(entry, problems);
  }
}

bool is_topic_name(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= 249 && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), allowed);
}

void check_topics(const KafkaSourceOptions& options, const Value& block, Problems& problems) {
  const Location& place = place_of(block, "topic");
  if (options.topic.empty()) problems.push_back({place, "'topic' names no topic"});
  for (const std::string& topic : options.topic) {
    if (topic.starts_with('^') || topic.find('*') != std::string::npos) {
      problems.push_back({place, "'topic': a pattern ('" + topic +
                                     "') is not supported yet; name the topics, as one or a list"});
    } else if (!is_topic_name(topic)) {
      problems.push_back({place, "'topic': '" + topic +
                                     "' cannot be a topic's name (letters, digits, '.', '_' and "
                                     "'-', at most 249)"});
    } else if (std::count(options.topic.begin(), options.topic.end(), topic) > 1) {
      problems.push_back({place, "'topic' names '" + topic + "' twice"});
      return;
    }
  }
}

constexpr const char* kStartChoices =
    "'start' must be earliest, latest, a time such as 2026-01-01T00:00:00Z, or offsets by "
    "partition, such as {0: 1200, 1: latest}";

std::optional<int64_t> parse_whole_number(const std::string& text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

void parse_partition_starts(const Value& map, const std::string& topic, Start& start,
                            Problems& problems) {
  for (const Value::Entry& entry : map.map()) {
    const std::optional<int64_t> partition = parse_whole_number(entry.key);
    std::optional<int64_t> offset;
    if (entry.value.is_scalar()) {
      const std::string& text = entry.value.text();
      offset = parse_whole_number(text);
      if (text == "earliest") offset = Start::kEarliest;
      if (text == "latest") offset = Start::kLatest;
    }
    if (!partition || *partition > INT32_MAX || !offset) {
      problems.push_back({entry.key_location, "'start' of '" + topic + "': '" + entry.key +
                                                  "' must be a partition's number, with an offset, "
                                                  "earliest or latest"});
      continue;
    }
    start.offsets[{topic, static_cast<int32_t>(*partition)}] = *offset;
  }
}

// The options of ConnectionOptions, as options of a struct that inherits it.
template <typename T, typename M>
constexpr M T::*member_of(M ConnectionOptions::*member) {
  return member;
}

template <typename T>
config::Option<T> brokers_option() {
  return {"brokers", member_of<T>(&ConnectionOptions::brokers), required(),
          "The brokers to ask first, as host:port: one, a list, or separated by commas."};
}
template <typename T>
config::Option<T> tls_option() {
  return {"tls", member_of<T>(&ConnectionOptions::tls), default_to(false),
          "Whether connections are encrypted."};
}
template <typename T>
config::Option<T> tls_ca_option() {
  return {"tls_ca", member_of<T>(&ConnectionOptions::tls_ca), optional(),
          "A PEM file with the authorities that may sign the brokers' certificates; default: the "
          "system's."};
}
template <typename T>
config::Option<T> tls_certificate_option() {
  return {"tls_certificate", member_of<T>(&ConnectionOptions::tls_certificate), optional(),
          "A PEM file with the client's certificate."};
}
template <typename T>
config::Option<T> tls_key_option() {
  return {"tls_key", member_of<T>(&ConnectionOptions::tls_key), optional(),
          "A PEM file with the key of 'tls_certificate'."};
}
template <typename T>
config::Option<T> tls_key_password_option() {
  return {"tls_key_password", member_of<T>(&ConnectionOptions::tls_key_password), optional(),
          "The password of 'tls_key'."};
}
template <typename T>
config::Option<T> tls_verify_option() {
  return {"tls_verify", member_of<T>(&ConnectionOptions::tls_verify), default_to(true),
          "Whether the brokers' certificates and host names are verified."};
}
template <typename T>
config::Option<T> sasl_option() {
  return {"sasl", member_of<T>(&ConnectionOptions::sasl), default_to(Sasl::kNone),
          "How 'user' and 'password' are given to the brokers."};
}
template <typename T>
config::Option<T> user_option() {
  return {"user", member_of<T>(&ConnectionOptions::user), optional(), "The SASL user."};
}
template <typename T>
config::Option<T> password_option() {
  return {"password", member_of<T>(&ConnectionOptions::password), optional(), "The SASL password."};
}
template <typename T>
config::Option<T> properties_option() {
  return {"properties", member_of<T>(&ConnectionOptions::properties), optional(),
          "Any other property of librdkafka, by its name there."};
}

}  // namespace

const config::OptionSet<KafkaSourceOptions>& kafka_source_options() {
  using T = KafkaSourceOptions;
  static const config::OptionSet<T> options = {
      brokers_option<T>(),
      {"topic", &T::topic, required(), "The topic to read, or a list of topics."},
      {"start", &T::start, optional(),
       "Where a pipeline without a checkpoint begins: earliest (the default), latest, a time, or "
       "offsets by partition."},
      {"on_lost_offsets", &T::on_lost_offsets, default_to(OnLostOffsets::kFail),
       "What to do when the brokers have deleted records before they were read: stop, or go on "
       "from the earliest or the latest record and count them as lost."},
      {"isolation", &T::isolation, default_to(Isolation::kReadCommitted),
       "Whether records of transactions that are open or were aborted are read, too."},
      {"group_id", &T::group_id, optional(),
       "A consumer group to which the offsets are committed after each epoch, for tools that "
       "watch the lag. Nothing is read from it."},
      tls_option<T>(),
      tls_ca_option<T>(),
      tls_certificate_option<T>(),
      tls_key_option<T>(),
      tls_key_password_option<T>(),
      tls_verify_option<T>(),
      sasl_option<T>(),
      user_option<T>(),
      password_option<T>(),
      properties_option<T>(),
  };
  return options;
}

void check_source_options(const KafkaSourceOptions& options, const Value& value,
                          Problems& problems) {
  check_connection(options, value, problems);
  check_topics(options, value, problems);
  parse_start(options.start, options.topic, problems);
}

Start parse_start(const Value& value, const std::vector<std::string>& topics, Problems& problems) {
  Start start;
  if (value.is_null()) return start;
  if (value.is_scalar()) {
    if (value.text() == "earliest") return start;
    if (value.text() == "latest") {
      start.everywhere = Start::kLatest;
      return start;
    }
    const Result<Timestamp> time = parse_timestamp(value.text());
    if (!time.ok()) {
      problems.push_back({value.location(), kStartChoices});
      return start;
    }
    start.is_time = true;
    start.everywhere = time->millis();
    return start;
  }
  if (!value.is_map()) {
    problems.push_back({value.location(), kStartChoices});
    return start;
  }
  const bool by_topic = std::any_of(value.map().begin(), value.map().end(),
                                    [](const Value::Entry& entry) { return entry.value.is_map(); });
  if (!by_topic) {
    if (topics.size() == 1) {
      parse_partition_starts(value, topics.front(), start, problems);
    } else {
      problems.push_back({value.location(),
                          "'start' must say which topic: {topic: {0: 1200}} for each of several"});
    }
    return start;
  }
  for (const Value::Entry& entry : value.map()) {
    if (std::find(topics.begin(), topics.end(), entry.key) == topics.end()) {
      problems.push_back(
          {entry.key_location, "'start' names '" + entry.key + "', which 'topic' does not name"});
    } else if (entry.value.is_map()) {
      parse_partition_starts(entry.value, entry.key, start, problems);
    } else {
      problems.push_back({entry.key_location, kStartChoices});
    }
  }
  return start;
}

config::StringMap connection_properties(const ConnectionOptions& options,
                                        const std::filesystem::path& project_root) {
  const auto path = [&](const std::string& given) { return (project_root / given).string(); };
  config::StringMap properties;
  std::string brokers;
  for (const std::string& broker : options.brokers) {
    brokers += (brokers.empty() ? "" : ",") + broker;
  }
  properties.emplace_back("bootstrap.servers", brokers);
  properties.emplace_back("client.id", "lakeward");
  const bool sasl = options.sasl != Sasl::kNone;
  properties.emplace_back("security.protocol", options.tls
                                                   ? (sasl ? "sasl_ssl" : "ssl")
                                                   : (sasl ? "sasl_plaintext" : "plaintext"));
  if (options.tls) {
    if (!options.tls_ca.empty()) properties.emplace_back("ssl.ca.location", path(options.tls_ca));
    if (!options.tls_certificate.empty()) {
      properties.emplace_back("ssl.certificate.location", path(options.tls_certificate));
      properties.emplace_back("ssl.key.location", path(options.tls_key));
    }
    if (!options.tls_key_password.empty()) {
      properties.emplace_back("ssl.key.password", options.tls_key_password.expose());
    }
    if (!options.tls_verify) {
      properties.emplace_back("enable.ssl.certificate.verification", "false");
    }
  }
  if (sasl) {
    const char* mechanism = options.sasl == Sasl::kPlain         ? "PLAIN"
                            : options.sasl == Sasl::kScramSha256 ? "SCRAM-SHA-256"
                                                                 : "SCRAM-SHA-512";
    properties.emplace_back("sasl.mechanisms", mechanism);
    properties.emplace_back("sasl.username", options.user);
    properties.emplace_back("sasl.password", options.password.expose());
  }
  // Last, so that they may also change a default of ours.
  for (const auto& property : options.properties) properties.push_back(property);
  return properties;
}

}  // namespace lakeward::connectors::kafka
