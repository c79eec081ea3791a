// Several decimal digits at a time, in one 64-bit word.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace lakeward::format {

// Eight bytes of text, the first one lowest.
inline uint64_t load8(const char* p) {
  uint64_t word;
  std::memcpy(&word, p, sizeof(word));
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

// A run of digits: how many, and the number they make.
struct DigitRun {
  unsigned count;
  uint32_t value;
};
inline constexpr unsigned kTooManyDigits = 8;

// The digits that begin at `p`. Up to seven; count is kTooManyDigits if there are more. Reads eight
// bytes. Without a branch that depends on how many there are: lengths are hard to predict.
inline DigitRun digit_run(const char* p) {
  const uint64_t word = load8(p) ^ 0x3030303030303030;  // digits become 0 to 9
  // A byte's high bit: whether it is no digit. (A carry only reaches bytes behind the first such.)
  const uint64_t others = ((word + 0x7676767676767676) | word) & 0x8080808080808080;
  if (others == 0) [[unlikely]] {
    return {kTooManyDigits, 0};
  }
  const auto count = static_cast<unsigned>(std::countr_zero(others)) / 8;
  // Zeros before the first digit, so that there are always eight. (In two steps: a shift by 64 is
  // not defined.)
  uint64_t eight = word << (56 - count * 8) << 8;
  eight = eight * 10 + (eight >> 8);
  constexpr uint64_t kPairs = 0x000000FF000000FF;
  eight = ((eight & kPairs) * (100 + (uint64_t{1'000'000} << 32)) +
           ((eight >> 16) & kPairs) * (1 + (uint64_t{10'000} << 32))) >>
          32;
  return {count, static_cast<uint32_t>(eight)};
}

}  // namespace lakeward::format
