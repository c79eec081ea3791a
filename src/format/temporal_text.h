// Dates and timestamps from text. In a header because it is the hot path of most feeds.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lakeward::format {

namespace temporal {

inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;
inline constexpr unsigned kMaxZoneHours = 18;  // as java.time.ZoneOffset
inline constexpr unsigned kBad = 1'000;        // larger than any two digits

inline unsigned digit(char c) { return static_cast<unsigned char>(c) - unsigned{'0'}; }

// Two digits' value, or at least kBad.
inline unsigned two_digits(const char* p) {
  const unsigned tens = digit(p[0]);
  const unsigned ones = digit(p[1]);
  return (tens > 9) | (ones > 9) ? kBad : tens * 10 + ones;
}

// Days since 1970-01-01 in the proleptic Gregorian calendar (Hinnant, "chrono-Compatible Low-Level
// Date Algorithms", days_from_civil).
inline int32_t days_from_civil(int32_t year, unsigned month, unsigned day) {
  year -= month <= 2;
  const int32_t era = year / 400;  // years are positive here
  const unsigned year_of_era = static_cast<unsigned>(year - era * 400);
  const unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + static_cast<int32_t>(day_of_era) - 719'468;
}

inline unsigned days_in_month(unsigned year, unsigned month) {
  constexpr unsigned char kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

// Reads ten characters.
inline std::optional<int32_t> date_at(const char* p) {
  const unsigned century = two_digits(p);
  const unsigned rest = two_digits(p + 2);
  const unsigned month = two_digits(p + 5);
  const unsigned day = two_digits(p + 8);
  const unsigned year = century * 100 + rest;
  if ((century >= kBad) | (rest >= kBad) | (p[4] != '-') | (p[7] != '-')) return std::nullopt;
  if ((year == 0) | (month - 1 > 11) | (day - 1 > 30)) return std::nullopt;
  if (day > 28 && day > days_in_month(year, month)) return std::nullopt;
  return days_from_civil(static_cast<int32_t>(year), month, day);
}

// A zone's offset in seconds: Z, +hh, +hhmm or +hh:mm, and nothing behind it.
inline std::optional<int32_t> zone_offset(const char* p, const char* end) {
  if (*p == 'Z' || *p == 'z') return end - p == 1 ? std::optional<int32_t>(0) : std::nullopt;
  if (*p != '+' && *p != '-') return std::nullopt;
  const auto length = end - p;
  if (length != 3 && length != 5 && !(length == 6 && p[3] == ':')) return std::nullopt;
  const unsigned hours = two_digits(p + 1);
  const unsigned minutes = length == 3 ? 0 : two_digits(end - 2);
  if (hours > kMaxZoneHours || minutes > 59) return std::nullopt;
  const int32_t seconds = static_cast<int32_t>(hours * 3600 + minutes * 60);
  return *p == '-' ? -seconds : seconds;
}

// Days since 1970-01-01 of yyyy-MM-dd, years 0001 to 9999.
inline std::optional<int32_t> parse_date(std::string_view text) {
  if (text.size() != 10) return std::nullopt;
  return date_at(text.data());
}

// Microseconds since 1970-01-01T00:00:00Z of
//   yyyy-MM-dd[('T' | ' ')HH:mm[:ss[.fraction]][zone]]      zone: Z, +hh, +hhmm, +hh:mm
// Digits of the fraction beyond the sixth are cut off, as Spark does. Text without a zone is UTC.
inline std::optional<int64_t> parse_timestamp(std::string_view text) {
  if (text.size() < 10) return std::nullopt;
  const char* p = text.data();
  const char* const end = p + text.size();
  const std::optional<int32_t> days = date_at(p);
  if (!days) return std::nullopt;
  int64_t micros = *days * kMicrosPerDay;
  if (text.size() == 10) return micros;
  if (text.size() < 16 || (p[10] != 'T' && p[10] != ' ') || p[13] != ':') return std::nullopt;
  const unsigned hour = two_digits(p + 11);
  const unsigned minute = two_digits(p + 14);
  unsigned second = 0;
  int64_t fraction = 0;
  p += 16;
  if (p != end && *p == ':') {
    if (end - p < 3) return std::nullopt;
    second = two_digits(p + 1);
    p += 3;
    if (p != end && *p == '.') {
      int64_t unit = 100'000;
      const char* const first = ++p;
      for (; p != end && digit(*p) <= 9; ++p, unit /= 10) fraction += digit(*p) * unit;
      if (p == first) return std::nullopt;
    }
  }
  if ((hour > 23) | (minute > 59) | (second > 59)) return std::nullopt;
  micros += (int64_t{hour} * 3600 + minute * 60 + second) * kMicrosPerSecond + fraction;
  if (p == end) return micros;
  const std::optional<int32_t> offset = zone_offset(p, end);
  if (!offset) return std::nullopt;
  return micros - *offset * kMicrosPerSecond;
}

}  // namespace temporal

using temporal::parse_date;
using temporal::parse_timestamp;

}  // namespace lakeward::format
