// The text of dates, times and other scalars, as the engine casts it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "format/avro/schema.h"

namespace lakeward::format::avro {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 Uint128;

inline constexpr int64_t kMicrosPerDay = 86'400'000'000;

// Digits that a number of this logical type has behind the point of a second: 3, 6, 9; 0 if it is
// no time.
int fraction_digits(Logical logical);

// A count of 10^-`digits` seconds in microseconds, rounded down; false if it does not fit.
bool to_micros(int64_t count, int digits, int64_t& micros);

void append_date(int64_t days, std::string& text);                    // 2025-03-09
void append_time(int64_t micros, std::string& text);                  // 12:34:56.789012
void append_timestamp(int64_t micros, bool zone, std::string& text);  // … …[+00]
void append_decimal(Int128 unscaled, int scale, std::string& text);   // -12.50
void append_uuid(std::string_view bytes, std::string& text);          // of 16 bytes
void append_interval(uint32_t months, uint32_t days, uint32_t millis, std::string& text);

// The bytes of a UUID's text; false if it is none.
bool parse_uuid(std::string_view text, unsigned char (&bytes)[16]);

// A number as people write it, such as -12.50, and how many digits are behind its point; false if
// it is none (an exponent is none either) or has more than 38 digits.
bool parse_decimal(std::string_view text, Int128& unscaled, int& scale);

// The value of big-endian two's complement `bytes`; false if it has more than 128 bits.
bool read_unscaled(std::string_view bytes, Int128& value);

}  // namespace lakeward::format::avro
