// The primitive values of Avro's binary encoding, written: the counterpart of input.h.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>

namespace lakeward::format::avro {

// An int or long: zigzag, seven bits a byte.
inline void append_long(int64_t value, std::string& bytes) {
  uint64_t bits = static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
  for (; bits >= 0x80; bits >>= 7) bytes += static_cast<char>(bits | 0x80);
  bytes += static_cast<char>(bits);
}

// T: float, double.
template <typename T>
void append_bits(T value, std::string& bytes) {
  static_assert(std::endian::native == std::endian::little);
  char bits[sizeof(value)];
  std::memcpy(bits, &value, sizeof(value));
  bytes.append(bits, sizeof(value));
}

}  // namespace lakeward::format::avro
