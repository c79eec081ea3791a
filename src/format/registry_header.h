// Confluent's framing: a zero byte and the id of the record's schema, four bytes, big-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lakeward::format {

inline constexpr size_t kRegistryHeaderBytes = 5;

inline bool has_registry_header(std::string_view payload) {
  return payload.size() >= kRegistryHeaderBytes && payload[0] == 0;
}

// Of a payload that has_registry_header().
inline uint32_t registry_schema_id(std::string_view payload) {
  uint32_t id = 0;
  for (size_t i = 1; i < kRegistryHeaderBytes; ++i) {
    id = id << 8 | static_cast<unsigned char>(payload[i]);
  }
  return id;
}

// The header of records of this schema.
inline std::string registry_header(uint32_t id) {
  std::string header(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) header += static_cast<char>(id >> shift);
  return header;
}

// Why a payload does not have the header.
inline std::string registry_header_problem(std::string_view payload) {
  if (payload.empty()) return "the record is empty";
  if (payload[0] != 0) return "the record does not begin with a zero byte and a schema's id";
  return "the record ends in its schema's id";
}

}  // namespace lakeward::format
