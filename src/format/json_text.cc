#include "format/json_text.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace lakeward::format {
namespace {

constexpr int64_t kSecondsPerDay = 86'400;

char* append(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

// At least `width` digits, with zeros in front.
char* write_padded(char* to, uint64_t value, int width) {
  std::array<char, 20> digits{};
  const char* end = std::to_chars(digits.begin(), digits.end(), value).ptr;
  const auto length = static_cast<int>(end - digits.data());
  for (int i = length; i < width; ++i) *to++ = '0';
  return append(to, {digits.data(), static_cast<size_t>(length)});
}

// Year, month and day of the proleptic Gregorian calendar (Hinnant, "chrono-Compatible Low-Level
// Date Algorithms").
char* write_civil(char* to, int64_t days) {
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const auto of_era = static_cast<uint64_t>(days - era * 146'097);
  const uint64_t year_of_era = (of_era - of_era / 1'460 + of_era / 36'524 - of_era / 146'096) / 365;
  const uint64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const uint64_t month_of_year = (5 * of_year + 2) / 153;
  const uint64_t day = of_year - (153 * month_of_year + 2) / 5 + 1;
  const uint64_t month = month_of_year < 10 ? month_of_year + 3 : month_of_year - 9;
  int64_t year = static_cast<int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0);
  if (year < 0) {
    *to++ = '-';
    year = -year;
  } else if (year > 9'999) {
    *to++ = '+';  // ISO 8601, 4.1.2.4: years of more than four digits have a sign
  }
  to = write_padded(to, static_cast<uint64_t>(year), 4);
  *to++ = '-';
  to = write_padded(to, month, 2);
  *to++ = '-';
  return write_padded(to, day, 2);
}

// Decimals of a second, in threes, without those that are all zero.
char* write_fraction(char* to, uint64_t fraction, int64_t per_second) {
  if (fraction == 0) return to;
  int width = per_second == 1'000 ? 3 : per_second == 1'000'000 ? 6 : 9;
  for (; fraction % 1'000 == 0; width -= 3) fraction /= 1'000;
  *to++ = '.';
  return write_padded(to, fraction, width);
}

char* write_clock(char* to, uint64_t seconds, uint64_t fraction, int64_t per_second) {
  to = write_padded(to, seconds / 3'600, 2);
  *to++ = ':';
  to = write_padded(to, seconds / 60 % 60, 2);
  *to++ = ':';
  to = write_padded(to, seconds % 60, 2);
  return write_fraction(to, fraction, per_second);
}

template <typename T>
char* write_any_real(char* to, T value) {
  if (std::isnan(value)) return append(to, "\"NaN\"");
  if (std::isinf(value)) return append(to, value < 0 ? "\"-Infinity\"" : "\"Infinity\"");
  char* end = std::to_chars(to, to + kMaxScalarBytes, value).ptr;
  const std::string_view text(to, static_cast<size_t>(end - to));
  // A reader that guesses types must not take it for a whole number.
  return text.find_first_of(".e") == std::string_view::npos ? append(end, ".0") : end;
}

char* write_unit(char* to, int64_t value, char unit) {
  if (value == 0) return to;
  to = write_whole(to, value);
  *to++ = unit;
  return to;
}

// 0: as it is; 1: \u00XX; else the letter behind the backslash.
constexpr std::array<char, 256> kEscapes = [] {
  std::array<char, 256> escapes{};
  for (size_t i = 0; i < 0x20; ++i) escapes[i] = 1;
  escapes['"'] = '"';
  escapes['\\'] = '\\';
  escapes['\n'] = 'n';
  escapes['\r'] = 'r';
  escapes['\t'] = 't';
  escapes['\b'] = 'b';
  escapes['\f'] = 'f';
  return escapes;
}();

// Whether one of eight bytes needs an escape: below 0x20, '"' or '\\'. It may also say so of a byte
// that follows such a one, and is right about there being any.
bool any_escape(uint64_t bytes) {
  constexpr uint64_t kOnes = 0x0101010101010101ULL;
  constexpr uint64_t kHighs = 0x8080808080808080ULL;
  const auto has_zero = [](uint64_t x) { return (x - kOnes) & ~x & kHighs; };
  return (((bytes - kOnes * 0x20) & ~bytes & kHighs) | has_zero(bytes ^ kOnes * '"') |
          has_zero(bytes ^ kOnes * '\\')) != 0;
}

char* write_escaped(char* to, char c) {
  constexpr char kHex[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  const char escape = kEscapes[byte];
  if (escape == 0) {
    *to++ = c;
    return to;
  }
  *to++ = '\\';
  if (escape != 1) {
    *to++ = escape;
    return to;
  }
  to = append(to, "u00");
  *to++ = kHex[byte >> 4];
  *to++ = kHex[byte & 15];
  return to;
}

}  // namespace

char* write_huge(char* to, Uint128 magnitude, bool negative) {
  return write_decimal(to, magnitude, negative, 0);
}

char* write_decimal(char* to, Uint128 magnitude, bool negative, int scale) {
  if (negative) *to++ = '-';
  std::array<char, 48> digits;  // from behind
  size_t at = digits.size();
  for (int place = 0; magnitude != 0 || place <= scale; ++place) {
    if (place == scale && scale > 0) digits[--at] = '.';
    digits[--at] = static_cast<char>('0' + static_cast<int>(magnitude % 10));
    magnitude /= 10;
  }
  return append(to, {digits.data() + at, digits.size() - at});
}

char* write_real(char* to, double value) { return write_any_real(to, value); }
char* write_real(char* to, float value) { return write_any_real(to, value); }

char* write_date(char* to, int32_t days) {
  // DuckDB's 'infinity' and '-infinity'.
  if (days == std::numeric_limits<int32_t>::max()) return append(to, "\"infinity\"");
  if (days == -std::numeric_limits<int32_t>::max()) return append(to, "\"-infinity\"");
  *to++ = '"';
  to = write_civil(to, days);
  *to++ = '"';
  return to;
}

char* write_time(char* to, int64_t micros) {
  *to++ = '"';
  to = write_clock(to, static_cast<uint64_t>(micros / 1'000'000),
                   static_cast<uint64_t>(micros % 1'000'000), 1'000'000);
  *to++ = '"';
  return to;
}

char* write_timestamp(char* to, int64_t units, int64_t per_second, bool utc) {
  if (units == std::numeric_limits<int64_t>::max()) return append(to, "\"infinity\"");
  if (units == -std::numeric_limits<int64_t>::max()) return append(to, "\"-infinity\"");
  int64_t seconds = units / per_second;
  int64_t fraction = units % per_second;
  if (fraction < 0) {
    fraction += per_second;
    --seconds;
  }
  int64_t days = seconds / kSecondsPerDay;
  int64_t of_day = seconds % kSecondsPerDay;
  if (of_day < 0) {
    of_day += kSecondsPerDay;
    --days;
  }
  *to++ = '"';
  to = write_civil(to, days);
  *to++ = 'T';
  to = write_clock(to, static_cast<uint64_t>(of_day), static_cast<uint64_t>(fraction), per_second);
  if (utc) *to++ = 'Z';
  *to++ = '"';
  return to;
}

char* write_interval(char* to, const duckdb_interval& value) {
  to = append(to, "\"P");
  const char* const empty = to;
  to = write_unit(to, value.months / 12, 'Y');
  to = write_unit(to, value.months % 12, 'M');
  to = write_unit(to, value.days, 'D');
  if (value.micros != 0) {
    *to++ = 'T';
    const auto micros = value.micros < 0 ? 0 - static_cast<uint64_t>(value.micros)
                                         : static_cast<uint64_t>(value.micros);
    if (value.micros < 0) *to++ = '-';
    to = write_padded(to, micros / 1'000'000, 1);
    to = write_fraction(to, micros % 1'000'000, 1'000'000);
    *to++ = 'S';
  }
  if (to == empty) to = append(to, "T0S");
  *to++ = '"';
  return to;
}

char* write_uuid(char* to, const duckdb_hugeint& value) {
  constexpr char kHex[] = "0123456789abcdef";
  // DuckDB turns the first bit, so that signed numbers sort as UUIDs do.
  const uint64_t halves[] = {static_cast<uint64_t>(value.upper) ^ (uint64_t{1} << 63), value.lower};
  *to++ = '"';
  for (int i = 0; i < 32; ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) *to++ = '-';
    *to++ = kHex[halves[i / 16] >> (60 - i % 16 * 4) & 15];
  }
  *to++ = '"';
  return to;
}

char* write_base64(char* to, std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  *to++ = '"';
  size_t left = bytes.size();
  for (; left >= 3; left -= 3, at += 3) {
    const uint32_t group = uint32_t{at[0]} << 16 | uint32_t{at[1]} << 8 | at[2];
    for (int shift = 18; shift >= 0; shift -= 6) *to++ = kDigits[group >> shift & 63];
  }
  if (left > 0) {
    const uint32_t group = uint32_t{at[0]} << 16 | (left == 2 ? uint32_t{at[1]} << 8 : 0);
    *to++ = kDigits[group >> 18];
    *to++ = kDigits[group >> 12 & 63];
    *to++ = left == 2 ? kDigits[group >> 6 & 63] : '=';
    *to++ = '=';
  }
  *to++ = '"';
  return to;
}

char* write_text(char* to, std::string_view text) {
  *to++ = '"';
  const char* at = text.data();
  const char* const end = at + text.size();
  while (end - at >= 8) {
    uint64_t bytes = 0;
    std::memcpy(&bytes, at, 8);
    if (!any_escape(bytes)) {
      std::memcpy(to, at, 8);
      to += 8;
      at += 8;
      continue;
    }
    for (const char* const stop = at + 8; at < stop; ++at) to = write_escaped(to, *at);
  }
  for (; at < end; ++at) to = write_escaped(to, *at);
  *to++ = '"';
  return to;
}

}  // namespace lakeward::format
