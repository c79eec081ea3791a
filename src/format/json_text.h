// Single values as JSON text. Internal to format/.
//
// Each writes at `to` and returns the end of what it wrote. There must be room for
// kMaxScalarBytes, or for what *_bound() says.
#pragma once

#include <duckdb.h>

#include <charconv>
#include <cstdint>
#include <string_view>

namespace lakeward::format {

__extension__ using Uint128 = unsigned __int128;

inline constexpr size_t kMaxScalarBytes = 96;

template <typename T>
char* write_whole(char* to, T value) {
  return std::to_chars(to, to + kMaxScalarBytes, value).ptr;
}
char* write_huge(char* to, Uint128 magnitude, bool negative);
// `magnitude` ÷ 10^scale, with all its decimals.
char* write_decimal(char* to, Uint128 magnitude, bool negative, int scale);
char* write_real(char* to, double value);
char* write_real(char* to, float value);

// With their quotes.
char* write_date(char* to, int32_t days);
char* write_time(char* to, int64_t micros);
// `units` since 1970, of which `per_second` are a second (1, 10³, 10⁶, 10⁹).
char* write_timestamp(char* to, int64_t units, int64_t per_second, bool utc);
char* write_interval(char* to, const duckdb_interval& value);
char* write_uuid(char* to, const duckdb_hugeint& value);

inline size_t base64_bound(size_t bytes) { return (bytes + 2) / 3 * 4 + 2; }
char* write_base64(char* to, std::string_view bytes);

// The worst case: every byte is a control character.
inline size_t text_bound(size_t bytes) { return bytes * 6 + 2; }
// `text` is UTF-8.
char* write_text(char* to, std::string_view text);

}  // namespace lakeward::format
