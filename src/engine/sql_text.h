// Quoting: the only way by which names and values enter SQL text.
#pragma once

#include <string>
#include <string_view>

namespace lakeward::engine {

// "my column" with quotes, inner quotes doubled.
std::string quote_identifier(std::string_view name);
// Each part of "schema.table" quoted: "schema"."table".
std::string quote_qualified(std::string_view dotted_name);
// 'text' with quotes, inner quotes doubled.
std::string quote_literal(std::string_view text);

}  // namespace lakeward::engine
