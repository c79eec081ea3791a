// Text that is not quite text: whether bytes are UTF-8, and how to show them if not.
#pragma once

#include <string>
#include <string_view>

namespace lakeward::stream {

// RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF. ASCII is checked 8 bytes a
// step.
bool is_utf8(std::string_view text);

// DuckDB's notation of a BLOB: bytes outside printable ASCII, and backslashes, as \xHH.
std::string escape_bytes(std::string_view bytes);

// Whether two names are the same to SQL (ASCII letters in either case).
bool equal_names(std::string_view a, std::string_view b);

}  // namespace lakeward::stream
