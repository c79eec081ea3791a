// Numbers as JSON writes them (RFC 8259, section 6). In a header because it is the hot path.
#pragma once

#include <charconv>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>

#include "format/digits.h"

namespace lakeward::format {

enum class NumberError : uint8_t { kNone, kMalformed, kNotIntegral, kOutOfRange };

inline bool is_digit(char c) { return static_cast<unsigned char>(c - '0') <= 9; }

// A number's parts: value = (negative ? -1 : 1) * mantissa * 10^exponent.
struct DecimalParts {
  const char* end = nullptr;  // nullptr: not a number of JSON's grammar
  uint64_t mantissa = 0;      // of meaning only if exact
  int64_t exponent = 0;
  int64_t digits = 0;  // of the mantissa, leading zeros included
  bool negative = false;
  bool integral = true;  // no point, no exponent
  bool exact() const { return digits <= 19; }
};

// Reads no further than one character behind the number: that character must be readable and must
// not be a digit.
inline DecimalParts scan_number(const char* p) {
  DecimalParts parts;
  parts.negative = *p == '-';
  p += parts.negative;
  const char* const first = p;
  uint64_t mantissa = 0;
  for (; is_digit(*p); ++p) mantissa = mantissa * 10 + static_cast<uint64_t>(*p - '0');
  parts.digits = p - first;
  if (parts.digits == 0 || (*first == '0' && parts.digits > 1)) return parts;
  if (*p == '.') {
    const char* const fraction = ++p;
    for (; is_digit(*p); ++p) mantissa = mantissa * 10 + static_cast<uint64_t>(*p - '0');
    parts.exponent = fraction - p;
    parts.digits -= parts.exponent;
    parts.integral = false;
    if (p == fraction) return parts;
  }
  if ((*p | 0x20) == 'e') {
    ++p;
    const bool negative = *p == '-';
    p += negative || *p == '+';
    const char* const power = p;
    int64_t value = 0;
    for (; is_digit(*p); ++p) {
      if (value < 100'000'000'000) value = value * 10 + (*p - '0');
    }
    parts.integral = false;
    if (p == power) return parts;
    parts.exponent += negative ? -value : value;
  }
  parts.mantissa = mantissa;
  parts.end = p;
  return parts;
}

// Powers of ten that are exact as T, and the mantissas that are: their product or quotient is then
// the nearest T (Clinger, "How to Read Floating Point Numbers Accurately").
template <typename T>
inline constexpr int kExactPowers = std::is_same_v<T, double> ? 22 : 10;
template <typename T>
inline constexpr uint64_t kExactMantissa = uint64_t{1} << std::numeric_limits<T>::digits;

inline constexpr double kPowersOfTen[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                          1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                          1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

inline constexpr uint64_t kWholePowersOfTen[] = {1,      10,      100,       1'000,
                                                 10'000, 100'000, 1'000'000, 10'000'000};

// Numbers that the quick way above cannot do. Too small is zero; too large is kOutOfRange.
template <typename T>
NumberError nearest_slow(const char* begin, const DecimalParts& parts, T& value) {
  const auto [end, error] = std::from_chars(begin, parts.end, value);
  if (error == std::errc{}) return end == parts.end ? NumberError::kNone : NumberError::kMalformed;
  if (error != std::errc::result_out_of_range) return NumberError::kMalformed;
  // Where the first digit that counts stands decides between too small and too large.
  const char* p = begin + parts.negative;
  int64_t leading_zeros = 0;
  for (; *p == '0' || *p == '.'; ++p) leading_zeros += *p == '0';
  if (parts.digits - leading_zeros + parts.exponent > 0) return NumberError::kOutOfRange;
  value = parts.negative ? -T{0} : T{0};
  return NumberError::kNone;
}

// The T nearest to the number that begins at `begin` and was scanned as `parts`.
template <typename T>
inline NumberError nearest(const char* begin, const DecimalParts& parts, T& value) {
  if (parts.exact() && parts.mantissa <= kExactMantissa<T> && parts.exponent >= -kExactPowers<T> &&
      parts.exponent <= kExactPowers<T>) [[likely]] {
    T result = static_cast<T>(parts.mantissa);
    if (parts.exponent < 0) {
      result /= static_cast<T>(kPowersOfTen[-parts.exponent]);
    } else {
      result *= static_cast<T>(kPowersOfTen[parts.exponent]);
    }
    value = parts.negative ? -result : result;
    return NumberError::kNone;
  }
  return nearest_slow(begin, parts, value);
}

// Whether a number that a run of digits might have ended goes on.
inline bool number_goes_on(char c) { return c == '.' || (c | 0x20) == 'e'; }

template <typename T>
struct RealScan {
  const char* end;
  NumberError error;
  T value;
};

// The T nearest to the number at `p`; the same conditions as scan_number(), and eight bytes behind
// the number's last must be readable. `value` is of meaning without error only.
template <typename T>
inline RealScan<T> scan_real(const char* p) {
  // Up to seven digits before and behind the point: most of what is measured.
  const bool negative = *p == '-';
  const char* const first = p + negative;
  const DigitRun whole = digit_run(first);
  const char* const point = first + whole.count;
  if (whole.count - 1 < kTooManyDigits - 1 && (*first != '0' || whole.count == 1) && *point == '.')
      [[likely]] {
    const DigitRun fraction = digit_run(point + 1);
    const char* const end = point + 1 + fraction.count;
    if (fraction.count - 1 < kTooManyDigits - 1 && !number_goes_on(*end)) [[likely]] {
      const uint64_t mantissa = whole.value * kWholePowersOfTen[fraction.count] + fraction.value;
      if (mantissa <= kExactMantissa<T>) [[likely]] {
        const T magnitude = static_cast<T>(mantissa) / static_cast<T>(kPowersOfTen[fraction.count]);
        return {end, NumberError::kNone, negative ? -magnitude : magnitude};
      }
    }
  }
  const DecimalParts parts = scan_number(p);
  if (parts.end == nullptr) return {p, NumberError::kMalformed, T{}};
  T value{};
  const NumberError error = nearest(p, parts, value);
  return {parts.end, error, value};
}

struct IntegerScan {
  const char* end;
  NumberError error;
};

// The integer at `p`; the same conditions as scan_real(). `end` is of meaning without error only.
template <typename T>
inline IntegerScan scan_integer(const char* p, T& value) {
  const bool negative = *p == '-';
  const char* const first = p + negative;
  const DigitRun run = digit_run(first);
  const char* d = first + run.count;
  uint64_t magnitude = run.value;
  if (run.count == kTooManyDigits) [[unlikely]] {
    for (d = first; is_digit(*d); ++d) {
      magnitude = magnitude * 10 + static_cast<uint64_t>(*d - '0');
    }
  }
  const auto digits = d - first;
  if (digits == 0 || (digits > 1 && *first == '0')) return {d, NumberError::kMalformed};
  if (number_goes_on(*d)) return {d, NumberError::kNotIntegral};
  if (digits > 19) [[unlikely]] {
    // Only UBIGINT has numbers of twenty digits.
    const auto [end, error] = std::from_chars(first, d, magnitude);
    if (error != std::errc{}) return {d, NumberError::kOutOfRange};
  }
  constexpr uint64_t kMax = static_cast<uint64_t>(std::numeric_limits<T>::max());
  const uint64_t limit = negative ? (std::is_signed_v<T> ? kMax + 1 : 0) : kMax;
  if (magnitude > limit) return {d, NumberError::kOutOfRange};
  value = static_cast<T>(negative ? uint64_t{0} - magnitude : magnitude);
  return {d, NumberError::kNone};
}

}  // namespace lakeward::format
