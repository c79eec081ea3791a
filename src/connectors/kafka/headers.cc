#include "connectors/kafka/headers.h"

#include <nlohmann/json.hpp>

#include "stream/utf8.h"

namespace lakeward::connectors::kafka {
namespace {

using Json = nlohmann::ordered_json;

Json value_json(const std::optional<std::string_view>& value) {
  if (!value) return nullptr;
  return stream::is_utf8(*value) ? std::string(*value) : stream::escape_bytes(*value);
}

}  // namespace

std::string headers_json(const std::vector<Header>& headers) {
  Json json = Json::object();
  for (const Header& header : headers) {
    const std::string name(header.name);
    Json one = value_json(header.value);
    const auto place = json.find(name);
    if (place == json.end()) {
      json[name] = std::move(one);
      continue;
    }
    if (!place->is_array()) *place = Json::array({*place});
    place->push_back(std::move(one));
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace lakeward::connectors::kafka
