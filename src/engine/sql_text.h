// Text of SQL. Quoting is the only way by which names and values enter it.
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

// `sql` without blanks, comments and semicolons at its end, so that it can stand in parentheses.
std::string strip_statement_end(const std::string& sql);

}  // namespace lakeward::engine
