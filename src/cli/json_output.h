// JSON for machines.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace lakeward::cli {

// One line. What came from outside, a name in YAML or of a file, need not be UTF-8: bytes that are
// not become U+FFFD.
inline std::string json_line(const nlohmann::ordered_json& value) {
  return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace lakeward::cli
