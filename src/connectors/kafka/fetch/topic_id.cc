#include "connectors/kafka/fetch/topic_id.h"

#include <algorithm>
#include <utility>

#include "format/base64.h"

namespace lakeward::connectors::kafka::fetch {

void TopicIds::add(const std::string& name, std::string id) {
  if (const std::string* const old = id_of(name)) by_id_.erase(*old);
  by_id_[id] = name;
  by_name_[name] = std::move(id);
}

const std::string* TopicIds::id_of(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &found->second;
}

const std::string* TopicIds::name_of(std::string_view id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second;
}

std::optional<std::string> parse_topic_id(std::string_view text) {
  std::string padded(text);
  std::replace(padded.begin(), padded.end(), '-', '+');
  std::replace(padded.begin(), padded.end(), '_', '/');
  std::optional<std::string> bytes = format::decode_base64(padded + "==");
  if (!bytes || bytes->size() != kTopicIdBytes) return std::nullopt;
  return bytes;
}

}  // namespace lakeward::connectors::kafka::fetch
