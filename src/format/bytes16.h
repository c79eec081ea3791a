// Sixteen bytes looked at in one step. SSE2 is part of every x86-64; elsewhere plain loops, which
// compilers vectorise.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace lakeward::format {

// Each predicate returns a mask: bit i is about byte i.
class Bytes16 {
 public:
#if defined(__SSE2__)
  // Reads 16 bytes.
  explicit Bytes16(const char* text)
      : bytes_(_mm_loadu_si128(reinterpret_cast<const __m128i*>(text))) {}

  uint32_t equal(char c) const { return mask(_mm_cmpeq_epi8(bytes_, _mm_set1_epi8(c))); }
  uint32_t equal(const char* other) const {
    return mask(_mm_cmpeq_epi8(bytes_, _mm_loadu_si128(reinterpret_cast<const __m128i*>(other))));
  }
  // What ends or interrupts a JSON string: quotes, backslashes, control characters.
  uint32_t string_stops() const {
    const __m128i quote = _mm_cmpeq_epi8(bytes_, _mm_set1_epi8('"'));
    const __m128i backslash = _mm_cmpeq_epi8(bytes_, _mm_set1_epi8('\\'));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes_, _mm_set1_epi8(0x1f)), bytes_);
    return mask(_mm_or_si128(_mm_or_si128(quote, backslash), control));
  }
  uint32_t non_ascii() const { return mask(bytes_); }

 private:
  static uint32_t mask(__m128i v) { return static_cast<uint32_t>(_mm_movemask_epi8(v)); }
  __m128i bytes_;
#else
  explicit Bytes16(const char* text) { std::memcpy(bytes_, text, sizeof(bytes_)); }

  uint32_t equal(char c) const {
    return mask([c](int, uint8_t b) { return b == static_cast<uint8_t>(c); });
  }
  uint32_t equal(const char* other) const {
    return mask([other](int i, uint8_t b) { return b == static_cast<uint8_t>(other[i]); });
  }
  uint32_t string_stops() const {
    return mask([](int, uint8_t b) { return b == '"' || b == '\\' || b < 0x20; });
  }
  uint32_t non_ascii() const {
    return mask([](int, uint8_t b) { return b >= 0x80; });
  }

 private:
  template <typename Predicate>
  uint32_t mask(Predicate predicate) const {
    uint32_t bits = 0;
    for (int i = 0; i < 16; ++i) bits |= static_cast<uint32_t>(predicate(i, bytes_[i])) << i;
    return bits;
  }
  uint8_t bytes_[16];
#endif
};

}  // namespace lakeward::format
