// A message's headers as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lakeward::connectors::kafka {

struct Header {
  std::string_view name;
  std::optional<std::string_view> value;
};

// A JSON object. A header that appears several times is a list; bytes that are not UTF-8 are in
// DuckDB's notation of a BLOB, as in `_raw`.
std::string headers_json(const std::vector<Header>& headers);

}  // namespace lakeward::connectors::kafka
