#include "engine/parquet/runs.h"

#include <bit>
#include <cstring>

namespace lakeward::engine::parquet {
namespace {

constexpr size_t kGroup = 8;  // numbers are packed by eight

void append_varint(uint64_t value, std::string& out) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

// Eight numbers in `width` bytes, the lowest bits first.
void pack_group(const uint32_t* numbers, int width, char* out) {
  uint64_t bits = 0;
  int filled = 0;
  for (size_t i = 0; i < kGroup; ++i) {
    bits |= uint64_t{numbers[i]} << filled;
    filled += width;
    if (filled >= 32) {
      std::memcpy(out, &bits, 4);
      out += 4;
      bits >>= 32;
      filled -= 32;
    }
  }
  for (; filled > 0; filled -= 8, bits >>= 8) *out++ = static_cast<char>(bits);
}

// Packs all of the numbers; the last group is filled up with zeros, which no reader looks at.
void append_packed(std::span<const uint32_t> numbers, int width, std::string& out) {
  const size_t groups = (numbers.size() + kGroup - 1) / kGroup;
  append_varint(groups << 1 | 1, out);
  size_t at = out.size();
  out.resize(at + groups * static_cast<size_t>(width));
  for (size_t i = 0; i < numbers.size(); i += kGroup, at += static_cast<size_t>(width)) {
    uint32_t last[kGroup] = {};
    const uint32_t* group = numbers.data() + i;
    if (numbers.size() - i < kGroup) {
      std::memcpy(last, group, (numbers.size() - i) * sizeof(uint32_t));
      group = last;
    }
    pack_group(group, width, out.data() + at);
  }
}

size_t equal_from(std::span<const uint32_t> numbers, size_t at) {
  size_t end = at + 1;
  while (end < numbers.size() && numbers[end] == numbers[at]) ++end;
  return end - at;
}

}  // namespace

int bit_width(uint32_t largest) { return static_cast<int>(std::bit_width(largest)); }

void append_run(uint32_t number, uint64_t count, int width, std::string& out) {
  append_varint(count << 1, out);
  for (int bits = 0; bits < width; bits += 8) out += static_cast<char>(number >> bits);
}

void append_runs(std::span<const uint32_t> numbers, int width, std::string& out) {
  size_t packed_from = 0;
  size_t at = 0;
  while (at < numbers.size()) {
    const size_t equal = equal_from(numbers, at);
    // What is packed before a run is whole groups, so the run gives some of its numbers to fill
    // one.
    const size_t fill = (kGroup - (at - packed_from) % kGroup) % kGroup;
    if (equal < 2 * kGroup + fill) {
      at += equal;
      continue;
    }
    at += fill;
    if (at > packed_from) append_packed(numbers.subspan(packed_from, at - packed_from), width, out);
    append_run(numbers[at], equal - fill, width, out);
    at += equal - fill;
    packed_from = at;
  }
  if (packed_from < numbers.size()) append_packed(numbers.subspan(packed_from), width, out);
}

}  // namespace lakeward::engine::parquet
