// Writing text into the engine's columns.
#pragma once

#include <duckdb.h>

#include <cstdint>
#include <cstring>

namespace lakeward::format {

// As engine::ColumnWriter::set_stable_string, but without a call or a branch on the length of short
// text: 12 bytes from `text` on must be readable, as they are in a Record's payload.
inline void store_stable_text(duckdb_string_t& cell, const char* text, size_t length) {
  static constexpr auto kMasks = [] {
    struct {
      unsigned char bytes[13][16];
    } masks{};
    for (size_t n = 0; n <= 12; ++n) {
      for (size_t i = 0; i < n; ++i) masks.bytes[n][i] = 0xFF;
    }
    return masks;
  }();
  if (length <= sizeof(cell.value.inlined.inlined)) {
    uint64_t low;
    uint32_t high;
    uint64_t low_mask;
    uint32_t high_mask;
    std::memcpy(&low, text, sizeof(low));
    std::memcpy(&high, text + sizeof(low), sizeof(high));
    std::memcpy(&low_mask, kMasks.bytes[length], sizeof(low));
    std::memcpy(&high_mask, kMasks.bytes[length] + sizeof(low), sizeof(high));
    low &= low_mask;
    high &= high_mask;
    cell.value.inlined.length = static_cast<uint32_t>(length);
    std::memcpy(cell.value.inlined.inlined, &low, sizeof(low));
    std::memcpy(cell.value.inlined.inlined + sizeof(low), &high, sizeof(high));
  } else {
    cell.value.pointer.length = static_cast<uint32_t>(length);
    std::memcpy(cell.value.pointer.prefix, text, sizeof(cell.value.pointer.prefix));
    cell.value.pointer.ptr = const_cast<char*>(text);
  }
}

}  // namespace lakeward::format
