#include "format/record_headers.h"

#include <simdjson.h>

#include <nlohmann/json.hpp>

#include "format/base64.h"

namespace lakeward::format {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kBytes = "base64";

void append_varint(int64_t value, std::string& out) {
  auto bits = static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
  for (; bits >= 0x80; bits >>= 7) out += static_cast<char>(bits | 0x80);
  out += static_cast<char>(bits);
}

void append_field(std::string_view bytes, std::string& out) {
  append_varint(static_cast<int64_t>(bytes.size()), out);
  out.append(bytes);
}

// Takes from the beginning of `packed`.
std::optional<int64_t> take_varint(std::string_view& packed) {
  uint64_t bits = 0;
  for (size_t i = 0; i < packed.size() && i < 10; ++i) {
    const auto byte = static_cast<uint8_t>(packed[i]);
    bits |= uint64_t{byte & 0x7FU} << (7 * i);
    if ((byte & 0x80) != 0) continue;
    packed.remove_prefix(i + 1);
    return static_cast<int64_t>(bits >> 1) ^ -static_cast<int64_t>(bits & 1);
  }
  return std::nullopt;
}

// False if it is damaged.
bool take_field(std::string_view& packed, std::optional<std::string_view>& field) {
  const std::optional<int64_t> size = take_varint(packed);
  if (!size || (*size >= 0 && static_cast<uint64_t>(*size) > packed.size())) return false;
  if (*size < 0) return true;
  field = packed.substr(0, static_cast<size_t>(*size));
  packed.remove_prefix(static_cast<size_t>(*size));
  return true;
}

Json value_json(const std::optional<std::string_view>& value) {
  if (!value) return nullptr;
  if (simdjson::validate_utf8(*value)) return *value;
  return {{kBytes, encode_base64(*value)}};
}

std::optional<std::string> value_of(const Json& json) {
  if (json.is_null()) return std::nullopt;
  if (json.is_string()) return json.get<std::string>();
  if (json.is_object() && json.size() == 1 && json.contains(kBytes) && json[kBytes].is_string()) {
    if (auto bytes = decode_base64(json[kBytes].get<std::string>())) return bytes;
  }
  return json.dump();
}

}  // namespace

std::string pack_headers(std::span<const Header> headers) {
  std::string packed;
  if (headers.empty()) return packed;
  append_varint(static_cast<int64_t>(headers.size()), packed);
  for (const Header& header : headers) {
    append_field(header.name, packed);
    if (header.value) {
      append_field(*header.value, packed);
    } else {
      append_varint(-1, packed);
    }
  }
  return packed;
}

std::optional<std::vector<Header>> unpack_headers(std::string_view packed) {
  std::vector<Header> headers;
  if (packed.empty()) return headers;
  const std::optional<int64_t> count = take_varint(packed);
  if (!count) return std::nullopt;
  for (int64_t i = 0; i < *count; ++i) {
    std::optional<std::string_view> name;
    Header header;
    if (!take_field(packed, name) || !take_field(packed, header.value)) return std::nullopt;
    header.name = name.value_or(std::string_view());
    headers.push_back(header);
  }
  return headers;
}

std::string headers_json(std::string_view packed) {
  const auto headers = unpack_headers(packed);
  if (!headers || headers->empty()) return "{}";
  Json json = Json::object();
  for (const Header& header : *headers) {
    const std::string name(header.name);
    Json one = value_json(header.value);
    const auto place = json.find(name);
    if (place == json.end()) {
      json[name] = std::move(one);
      continue;
    }
    if (!place->is_array()) *place = Json::array({*place});
    place->push_back(std::move(one));
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<std::string> pack_headers_json(std::string_view json) {
  const Json object = Json::parse(json, nullptr, false);
  if (!object.is_object()) return std::nullopt;
  int64_t count = 0;
  std::string fields;
  const auto add = [&](const std::string& name, const Json& value) {
    ++count;
    append_field(name, fields);
    const std::optional<std::string> bytes = value_of(value);
    bytes ? append_field(*bytes, fields) : append_varint(-1, fields);
  };
  for (const auto& [name, value] : object.items()) {
    if (!value.is_array()) {
      add(name, value);
      continue;
    }
    for (const auto& one : value) add(name, one);
  }
  if (count == 0) return std::string();
  std::string packed;
  append_varint(count, packed);
  return packed + fields;
}

}  // namespace lakeward::format
