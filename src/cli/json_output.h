// JSON for machines.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/secret.h"

namespace lakeward::cli {

// The values' texts without secrets.
inline void mask_values(nlohmann::ordered_json& value) {
  if (value.is_string()) value = mask_secrets(value.get<std::string>());
  if (!value.is_structured()) return;
  for (auto& inner : value) mask_values(inner);
}

// One line, without secrets. What came from outside, a name in YAML or of a file, need not be
// UTF-8: bytes that are not become U+FFFD.
inline std::string json_line(nlohmann::ordered_json value) {
  mask_values(value);
  return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace lakeward::cli
