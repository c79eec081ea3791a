// DuckDB's texts, read and stored.
#pragma once

#include <duckdb.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace lakeward::engine::parquet {

inline bool is_inline(const duckdb_string_t& text) {
  return text.value.inlined.length <= sizeof(text.value.inlined.inlined);
}

inline std::string_view view(const duckdb_string_t& text) {
  const char* bytes = is_inline(text) ? text.value.inlined.inlined : text.value.pointer.ptr;
  return {bytes, text.value.inlined.length};
}

// Parquet format, "Plain": the length in four bytes, then the bytes.
inline void append_text(std::string_view text, std::string& out) {
  const auto size = static_cast<uint32_t>(text.size());
  out.append(reinterpret_cast<const char*>(&size), sizeof(size));
  out += text;
}

}  // namespace lakeward::engine::parquet
