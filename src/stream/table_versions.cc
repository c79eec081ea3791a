#include "stream/table_versions.h"

#include <nlohmann/json.hpp>

namespace lakeward::stream {

using Json = nlohmann::ordered_json;

std::string versions_json(const TableVersions& versions) {
  Json json = Json::object();
  for (const auto& [table, version] : versions) json[table] = version;
  return json.dump();
}

Result<TableVersions> parse_versions(const Json& json, const std::string& place) {
  TableVersions versions;
  if (!json.is_object()) return corruption(place + ": the versions of tables are not an object");
  for (const auto& [table, version] : json.items()) {
    if (!version.is_number_integer()) {
      return corruption(place + ": the version of '" + table + "' is not a whole number");
    }
    versions[table] = version.get<int64_t>();
  }
  return versions;
}

// FNV-1a, 64 bits.
std::string fingerprint(const std::string& text) {
  uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ULL;
  }
  return std::to_string(hash);
}

}  // namespace lakeward::stream
