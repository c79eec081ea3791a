// Dates and timestamps from text. In a header because it is the hot path of most feeds.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

#include "format/digits.h"

namespace lakeward::format {

namespace temporal {

inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;
inline constexpr int32_t kMaxZoneHours = 18;  // as java.time.ZoneOffset
inline constexpr int32_t kBad = 1'000;        // larger than any two digits

inline bool is_digit(char c) { return static_cast<unsigned char>(c - '0') <= 9; }

// Two digits' value, or kBad.
inline int32_t two_digits(const char* p) {
  return is_digit(p[0]) && is_digit(p[1]) ? (p[0] - '0') * 10 + p[1] - '0' : kBad;
}

// Days since 1970-01-01 in the proleptic Gregorian calendar, years 1 to 9999 (Hinnant,
// "chrono-Compatible Low-Level Date Algorithms", days_from_civil).
inline int32_t days_from_civil(int32_t year, int32_t month, int32_t day) {
  year -= month <= 2;
  const int32_t era = year / 400;
  const int32_t year_of_era = year - era * 400;
  const int32_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const int32_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

inline int32_t days_in_month(int32_t year, int32_t month) {
  constexpr int8_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

// No date's days. (An optional costs more than the parsing does.)
inline constexpr int32_t kNoDate = std::numeric_limits<int32_t>::min();

// The days of yyyy-MM-dd, or kNoDate. Reads ten characters.
inline int32_t date_at(const char* p) {
  const int32_t century = two_digits(p);
  const int32_t rest = two_digits(p + 2);
  const int32_t month = two_digits(p + 5);
  const int32_t day = two_digits(p + 8);
  if (century == kBad || rest == kBad || p[4] != '-' || p[7] != '-') return kNoDate;
  const int32_t year = century * 100 + rest;
  if (year < 1 || month < 1 || month > 12 || day < 1) return kNoDate;
  if (day > days_in_month(year, month)) return kNoDate;
  return days_from_civil(year, month, day);
}

// The seconds of HH:mm:ss, or -1. Reads eight characters.
inline int32_t clock_at(const char* p) {
  const uint64_t word = load8(p) ^ 0x30303A30303A3030;  // digits become 0 to 9, colons 0
  constexpr uint64_t kColons = 0x0000FF0000FF0000;
  if ((((word + 0x7676767676767676) | word) & 0x8080808080808080) != 0 || (word & kColons) != 0) {
    return -1;
  }
  const uint64_t pairs = word * 10 + (word >> 8);  // each two digits' number is in the first's byte
  const auto hour = static_cast<int32_t>(pairs & 0xFF);
  const auto minute = static_cast<int32_t>(pairs >> 24 & 0xFF);
  const auto second = static_cast<int32_t>(pairs >> 48 & 0xFF);
  if (hour > 23 || minute > 59 || second > 59) return -1;
  return (hour * 60 + minute) * 60 + second;
}

// The days of the date that was asked for last: most feeds have runs of the same.
class DateCache {
 public:
  // Like date_at().
  int32_t date_at(const char* p) {
    uint16_t tail;
    std::memcpy(&tail, p + 8, sizeof(tail));
    const uint64_t head = load8(p);
    if (head == head_ && tail == tail_) [[likely]] {
      return days_;
    }
    head_ = head;
    tail_ = tail;
    days_ = temporal::date_at(p);
    return days_;
  }

 private:
  uint64_t head_ = 0;
  uint16_t tail_ = 0;
  int32_t days_ = kNoDate;  // ten zero bytes are no date
};

// A zone's offset in seconds: Z, +hh, +hhmm or +hh:mm, and nothing behind it.
inline std::optional<int32_t> zone_offset(const char* p, const char* end) {
  if (*p == 'Z' || *p == 'z') return end - p == 1 ? std::optional<int32_t>(0) : std::nullopt;
  if (*p != '+' && *p != '-') return std::nullopt;
  const auto length = end - p;
  if (length != 3 && length != 5 && !(length == 6 && p[3] == ':')) return std::nullopt;
  const int32_t hours = two_digits(p + 1);
  const int32_t minutes = length == 3 ? 0 : two_digits(end - 2);
  if (hours > kMaxZoneHours || minutes > 59) return std::nullopt;
  const int32_t seconds = hours * 3600 + minutes * 60;
  return *p == '-' ? -seconds : seconds;
}

}  // namespace temporal

// Days since 1970-01-01 of yyyy-MM-dd, years 0001 to 9999.
inline std::optional<int32_t> parse_date(std::string_view text) {
  if (text.size() != 10) return std::nullopt;
  const int32_t days = temporal::date_at(text.data());
  return days == temporal::kNoDate ? std::nullopt : std::optional<int32_t>(days);
}

// Microseconds since 1970-01-01T00:00:00Z of
//   yyyy-MM-dd[('T' | ' ')HH:mm[:ss[.fraction]][zone]]      zone: Z, +hh, +hhmm, +hh:mm
// Digits of the fraction beyond the sixth are cut off, as Spark does. Text without a zone is UTC.
inline std::optional<int64_t> parse_timestamp(std::string_view text, temporal::DateCache& dates) {
  if (text.size() < 10) return std::nullopt;
  const char* p = text.data();
  const char* const end = p + text.size();
  const int32_t days = dates.date_at(p);
  if (days == temporal::kNoDate) return std::nullopt;
  int64_t micros = days * temporal::kMicrosPerDay;
  if (text.size() == 10) return micros;
  if (text.size() < 16 || (p[10] != 'T' && p[10] != ' ')) return std::nullopt;
  if (text.size() >= 19 && p[16] == ':') {
    const int32_t seconds = temporal::clock_at(p + 11);
    if (seconds < 0) return std::nullopt;
    micros += seconds * temporal::kMicrosPerSecond;
    p += 19;
    if (p != end && *p == '.') {
      int64_t unit = 100'000;
      const char* const first = ++p;
      for (; p != end && temporal::is_digit(*p); ++p, unit /= 10) micros += (*p - '0') * unit;
      if (p == first) return std::nullopt;
    }
  } else {
    const int32_t hour = temporal::two_digits(p + 11);
    const int32_t minute = temporal::two_digits(p + 14);
    if (hour > 23 || minute > 59 || p[13] != ':') return std::nullopt;
    micros += (hour * 60 + minute) * 60 * temporal::kMicrosPerSecond;
    p += 16;
  }
  if (p == end) return micros;
  const std::optional<int32_t> offset = temporal::zone_offset(p, end);
  if (!offset) return std::nullopt;
  return micros - *offset * temporal::kMicrosPerSecond;
}

}  // namespace lakeward::format
