// Fast writing of one flat JSON record, with one field spoilt on request. Internal to simulator/.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/clock.h"
#include "connectors/simulator/generators.h"

namespace lakeward::connectors::simulator {

// A well-mixed number for (seed, k, what): SplitMix64 (Steele, Lea, Flood).
inline uint64_t mix(uint64_t seed, uint64_t k, uint64_t what = 0) {
  uint64_t z =
      seed * 0xD1342543DE82EF95ULL + k * 0x9E3779B97F4A7C15ULL + (what + 1) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

// A number in [low, high] by the random bits.
inline int64_t pick(uint64_t bits, int64_t low, int64_t high) {
  return low + static_cast<int64_t>((bits >> 11) % static_cast<uint64_t>(high - low + 1));
}

// Writes {"key":value,…}. `names` are given with their quotes and colon: "\"floor\":".
class RecordWriter {
 public:
  // `broken` is the number of the field that a kNull, kMissing or kWrongType defect spoils.
  RecordWriter(char* to, Defect defect, int broken)
      : begin_(to), at_(to), defect_(defect), broken_(broken) {
    *at_++ = '{';
  }

  bool out_of_range() const { return defect_ == Defect::kOutOfRange; }

  void text(std::string_view name, std::string_view value) {
    if (!key(name)) return;
    *at_++ = '"';
    raw(value);
    *at_++ = '"';
  }
  void integer(std::string_view name, int64_t value) {
    if (key(name)) write_integer(value);
  }
  // A number with two decimals, given in hundredths.
  void hundredths(std::string_view name, int64_t value) {
    if (!key(name)) return;
    if (value < 0) {
      *at_++ = '-';
      value = -value;
    }
    write_integer(value / 100);
    *at_++ = '.';
    two_digits(static_cast<unsigned>(value % 100));
  }
  // "2026-01-01T00:00:00Z"; with micros, six digits of a fraction; the zone is written as given,
  // and the time is that zone's.
  void time(std::string_view name, Timestamp value, bool micros, std::string_view zone);
  // "2026-01-01".
  void date(std::string_view name, int64_t days);
  // A random (version 4) UUID, RFC 4122, of the bits.
  void uuid(std::string_view name, uint64_t high, uint64_t low);
  void begin_object(std::string_view name) {
    key(name);
    *at_++ = '{';
    fresh_ = true;
  }
  void end_object() {
    *at_++ = '}';
    fresh_ = false;
  }
  char* finish() {
    *at_++ = '}';
    // Cut in the middle of a field.
    return defect_ == Defect::kMalformed ? begin_ + (at_ - begin_) * 2 / 3 : at_;
  }

 private:
  // Writes what stands before a value; false if the defect has dealt with the field.
  bool key(std::string_view name) {
    const bool spoilt = field_++ == broken_;
    if (spoilt && defect_ == Defect::kMissing) return false;
    if (!fresh_) *at_++ = ',';
    fresh_ = false;
    raw(name);
    if (!spoilt || defect_ == Defect::kMissing) return true;
    if (defect_ == Defect::kNull) raw("null");
    if (defect_ == Defect::kWrongType) raw("\"n/a\"");
    return defect_ != Defect::kNull && defect_ != Defect::kWrongType;
  }
  void raw(std::string_view text) {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void two_digits(unsigned value) {
    *at_++ = static_cast<char>('0' + value / 10);
    *at_++ = static_cast<char>('0' + value % 10);
  }
  void write_integer(int64_t value);
  void calendar_day(int64_t days);

  char* begin_;
  char* at_;
  Defect defect_;
  int broken_;
  int field_ = 0;
  bool fresh_ = true;
};

}  // namespace lakeward::connectors::simulator
