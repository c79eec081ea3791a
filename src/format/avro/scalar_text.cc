#include "format/avro/scalar_text.h"

#include <algorithm>
#include <cstdio>

namespace lakeward::format::avro {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;

void append_padded(uint64_t value, int width, std::string& text) {
  const std::string digits = std::to_string(value);
  if (digits.size() < static_cast<size_t>(width)) text.append(width - digits.size(), '0');
  text += digits;
}

// Year, month and day of days since 1970-01-01 (Hinnant, "chrono-Compatible Low-Level Date
// Algorithms", civil_from_days).
struct CivilDate {
  int64_t year;
  unsigned month, day;
};
CivilDate civil_from_days(int64_t days) {
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const auto day_of_era = static_cast<uint64_t>(days - era * 146'097);
  const uint64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const uint64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const uint64_t shifted = (5 * day_of_year + 2) / 153;
  const auto day = static_cast<unsigned>(day_of_year - (153 * shifted + 2) / 5 + 1);
  const auto month = static_cast<unsigned>(shifted < 10 ? shifted + 3 : shifted - 9);
  return {static_cast<int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

int fraction_digits(Logical logical) {
  switch (logical) {
    case Logical::kTimeMillis:
    case Logical::kTimestampMillis:
    case Logical::kLocalTimestampMillis:
      return 3;
    case Logical::kTimeMicros:
    case Logical::kTimestampMicros:
    case Logical::kLocalTimestampMicros:
      return 6;
    case Logical::kTimestampNanos:
    case Logical::kLocalTimestampNanos:
      return 9;
    default:
      return 0;
  }
}

bool to_micros(int64_t count, int digits, int64_t& micros) {
  if (digits == 3) return !__builtin_mul_overflow(count, int64_t{1'000}, &micros);
  micros = digits == 6 ? count : count / 1'000 - (count % 1'000 < 0 ? 1 : 0);
  return true;
}

void append_date(int64_t days, std::string& text) {
  const CivilDate date = civil_from_days(days);
  // As the engine writes it; the year 0 is 1 BC.
  const bool before = date.year < 1;
  append_padded(static_cast<uint64_t>(before ? 1 - date.year : date.year), 4, text);
  text += '-';
  append_padded(date.month, 2, text);
  text += '-';
  append_padded(date.day, 2, text);
  if (before) text += " (BC)";
}

void append_time(int64_t micros, std::string& text) {
  const auto seconds = static_cast<uint64_t>(micros / kMicrosPerSecond);
  append_padded(seconds / 3'600, 2, text);
  text += ':';
  append_padded(seconds / 60 % 60, 2, text);
  text += ':';
  append_padded(seconds % 60, 2, text);
  if (const auto fraction = static_cast<uint64_t>(micros % kMicrosPerSecond); fraction != 0) {
    text += '.';
    append_padded(fraction, 6, text);
  }
}

void append_timestamp(int64_t micros, bool zone, std::string& text) {
  int64_t days = micros / kMicrosPerDay;
  int64_t rest = micros % kMicrosPerDay;
  if (rest < 0) {
    rest += kMicrosPerDay;
    --days;
  }
  append_date(days, text);
  text += ' ';
  append_time(rest, text);
  if (zone) text += "+00";
}

void append_decimal(Int128 unscaled, int scale, std::string& text) {
  const bool negative = unscaled < 0;
  auto rest = static_cast<Uint128>(unscaled);
  if (negative) rest = 0 - rest;
  std::string digits;
  do {
    digits += static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  } while (rest != 0);
  if (digits.size() <= static_cast<size_t>(scale)) digits.append(scale + 1 - digits.size(), '0');
  std::reverse(digits.begin(), digits.end());
  if (negative) text += '-';
  text.append(digits, 0, digits.size() - scale);
  if (scale > 0) text.append(1, '.').append(digits, digits.size() - scale);
}

bool parse_decimal(std::string_view text, Int128& unscaled, int& scale) {
  constexpr int kMostDigits = 38;
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  unscaled = 0;
  scale = 0;
  int digits = 0;
  bool behind_point = false;
  for (const char c : text) {
    if (c == '.' && !behind_point) {
      behind_point = true;
      continue;
    }
    if (c < '0' || c > '9' || ++digits > kMostDigits) return false;
    unscaled = unscaled * 10 + (c - '0');
    if (behind_point) ++scale;
  }
  if (negative) unscaled = -unscaled;
  return digits > 0;
}

void append_uuid(std::string_view bytes, std::string& text) {
  constexpr char kHex[] = "0123456789abcdef";
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    const auto byte = static_cast<unsigned char>(bytes[i]);
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
}

void append_interval(uint32_t months, uint32_t days, uint32_t millis, std::string& text) {
  text += std::to_string(months) + " months " + std::to_string(days) + " days " +
          std::to_string(millis) + " milliseconds";
}

bool parse_uuid(std::string_view text, unsigned char (&bytes)[16]) {
  if (text.size() != 36) return false;
  size_t at = 0;
  for (size_t i = 0; i < 16; ++i) {
    if ((at == 8 || at == 13 || at == 18 || at == 23) && text[at++] != '-') return false;
    const int high = hex_digit(text[at]);
    const int low = hex_digit(text[at + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i] = static_cast<unsigned char>(high << 4 | low);
    at += 2;
  }
  return true;
}

bool read_unscaled(std::string_view bytes, Int128& value) {
  const bool negative = !bytes.empty() && static_cast<signed char>(bytes[0]) < 0;
  const char sign = negative ? '\xFF' : '\0';
  while (bytes.size() > sizeof(value)) {
    if (bytes[0] != sign) return false;
    bytes.remove_prefix(1);
    if ((static_cast<signed char>(bytes[0]) < 0) != negative) return false;
  }
  Uint128 bits = negative ? ~static_cast<Uint128>(0) : 0;
  for (const char byte : bytes) bits = bits << 8 | static_cast<unsigned char>(byte);
  value = static_cast<Int128>(bits);
  return true;
}

}  // namespace lakeward::format::avro
