// Base64 (RFC 4648, section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lakeward::format {

// The bytes that `text` stands for, or nullopt if it is not base64 with its padding.
std::optional<std::string> decode_base64(std::string_view text);
std::string encode_base64(std::string_view bytes);

std::string encode_base64(std::string_view bytes);

}  // namespace lakeward::format
