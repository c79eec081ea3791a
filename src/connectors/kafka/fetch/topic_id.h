// Topics as the protocol names them since Fetch version 13 (KIP-516).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace lakeward::connectors::kafka::fetch {

inline constexpr size_t kTopicIdBytes = 16;

// Names of topics, and the bytes of their UUIDs.
class TopicIds {
 public:
  // In place of what was known of the name.
  void add(const std::string& name, std::string id);
  // nullptr if it is not known.
  const std::string* id_of(std::string_view name) const;
  const std::string* name_of(std::string_view id) const;
  bool operator==(const TopicIds&) const = default;

 private:
  std::map<std::string, std::string, std::less<>> by_name_;
  std::map<std::string, std::string, std::less<>> by_id_;
};

// The bytes of a UUID as Kafka's tools write it, base64 of either alphabet without padding; nullopt
// if it is none.
std::optional<std::string> parse_topic_id(std::string_view text);

}  // namespace lakeward::connectors::kafka::fetch
