#include "connectors/delta/offset.h"

#include <nlohmann/json.hpp>

namespace lakeward::connectors::delta {

std::string TableOffset::to_json() const {
  return "{\"sourceVersion\":1,\"reservoirId\":" + nlohmann::json(table_id).dump() +
         ",\"reservoirVersion\":" + std::to_string(version) +
         ",\"index\":" + std::to_string(index) +
         ",\"isStartingVersion\":" + (starting ? "true" : "false") + "}";
}

Result<TableOffset> TableOffset::parse(std::string_view line) {
  const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
  const auto is_number = [&](const char* key) {
    return json.contains(key) && json[key].is_number_integer();
  };
  if (!json.is_object() || !is_number("reservoirVersion") || !is_number("index") ||
      !json.contains("reservoirId") || !json["reservoirId"].is_string()) {
    return corruption("the checkpoint's offset '" + std::string(line.substr(0, 200)) +
                      "' is not a Delta source's; the checkpoint belongs to another source: put "
                      "that back, or remove the checkpoint to begin anew");
  }
  TableOffset offset;
  offset.table_id = json["reservoirId"].get<std::string>();
  offset.version = json["reservoirVersion"].get<int64_t>();
  // Version 3 of Spark's form has -100 where version 1 has -1.
  offset.index = std::max<int64_t>(-1, json["index"].get<int64_t>());
  const auto starting = json.find("isStartingVersion");
  offset.starting = starting != json.end() && starting->is_boolean() && starting->get<bool>();
  return offset;
}

}  // namespace lakeward::connectors::delta
