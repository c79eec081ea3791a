// What an epoch's plan says of the lake tables that its transform reads, as JSON.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/status.h"

namespace lakeward::stream {

// Versions of lake tables, by name.
using TableVersions = std::map<std::string, int64_t>;

// {"silver.sensor_data":12}
std::string versions_json(const TableVersions& versions);
// Errors: Corruption, which begins with `place`.
Result<TableVersions> parse_versions(const nlohmann::ordered_json& json, const std::string& place);

// A name for a text that is the same in every process.
std::string fingerprint(const std::string& text);

}  // namespace lakeward::stream
