// The headers of a record: packed, which costs nothing until they are looked at, and as text.
//
// Packed, they are as a record of Kafka has them ("Message Format", "Record Header"): how many
// there are; then of each its name and its value, either with its length in front, all numbers
// zigzag varints. A length of -1 is a value that is not there. Nothing at all is no header.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lakeward::format {

struct Header {
  std::string_view name;
  std::optional<std::string_view> value;
  bool operator==(const Header&) const = default;
};

std::string pack_headers(std::span<const Header> headers);
// Views into `packed`; nullopt if that is damaged.
std::optional<std::vector<Header>> unpack_headers(std::string_view packed);

// A JSON object, for `_headers`. A value is a string; bytes that are not UTF-8 are an object
// {"base64": "…"}, so that no text is taken for them; a value that is not there is null. A header
// that appears several times is a list. Damaged headers are none.
std::string headers_json(std::string_view packed);
// The opposite; any other value is its JSON text. nullopt if `json` is no JSON object.
std::optional<std::string> pack_headers_json(std::string_view json);

}  // namespace lakeward::format
