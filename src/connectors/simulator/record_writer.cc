#include "connectors/simulator/record_writer.h"

#include <charconv>

namespace lakeward::connectors::simulator {

void RecordWriter::write_integer(int64_t value) { at_ = std::to_chars(at_, at_ + 20, value).ptr; }

// Days since 1970 as year, month and day (Howard Hinnant, "chrono-compatible low-level date
// algorithms").
void RecordWriter::calendar_day(int64_t days) {
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const auto day_of_era = static_cast<unsigned>(days - era * 146'097);
  const unsigned year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const unsigned day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned shifted_month = (5 * day_of_year + 2) / 153;
  const unsigned month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  const int64_t year = static_cast<int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0);
  two_digits(static_cast<unsigned>(year / 100 % 100));
  two_digits(static_cast<unsigned>(year % 100));
  *at_++ = '-';
  two_digits(month);
  *at_++ = '-';
  two_digits(day_of_year - (153 * shifted_month + 2) / 5 + 1);
}

void RecordWriter::date(std::string_view name, int64_t days) {
  if (!key(name)) return;
  *at_++ = '"';
  if (defect_ == Defect::kBadTimestamp) {
    raw("2026-02-31");
  } else {
    calendar_day(days);
  }
  *at_++ = '"';
}

void RecordWriter::time(std::string_view name, Timestamp value, bool micros,
                        std::string_view zone) {
  if (!key(name)) return;
  constexpr int64_t kDayMicros = 86'400'000'000;
  int64_t days = value.micros / kDayMicros;
  int64_t rest = value.micros % kDayMicros;
  if (rest < 0) {
    rest += kDayMicros;
    --days;
  }
  *at_++ = '"';
  if (defect_ == Defect::kBadTimestamp) {
    raw("2026-13-01");
  } else {
    calendar_day(days);
  }
  *at_++ = 'T';
  const auto seconds = static_cast<unsigned>(rest / 1'000'000);
  two_digits(seconds / 3600);
  *at_++ = ':';
  two_digits(seconds / 60 % 60);
  *at_++ = ':';
  two_digits(seconds % 60);
  if (micros) {
    const auto fraction = static_cast<unsigned>(rest % 1'000'000);
    *at_++ = '.';
    two_digits(fraction / 10'000);
    two_digits(fraction / 100 % 100);
    two_digits(fraction % 100);
  }
  raw(zone);
  *at_++ = '"';
}

void RecordWriter::uuid(std::string_view name, uint64_t high, uint64_t low) {
  if (!key(name)) return;
  constexpr std::string_view kHex = "0123456789abcdef";
  high = (high & ~uint64_t{0xF000}) | 0x4000;              // version 4
  low = (low & ~(uint64_t{3} << 62)) | uint64_t{2} << 62;  // variant 1
  *at_++ = '"';
  for (int nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) *at_++ = '-';
    const uint64_t half = nibble < 16 ? high : low;
    *at_++ = kHex[half >> (60 - nibble % 16 * 4) & 15];
  }
  *at_++ = '"';
}

}  // namespace lakeward::connectors::simulator
