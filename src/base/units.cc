#include "base/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

namespace lakeward {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

// A number with its unit, cut off the front of a text.
struct Quantity {
  double number = 0;
  bool whole = true;
  uint64_t whole_number = 0;  // exact, if `whole`
  std::string unit;           // in lower case; "" if there is none
};

// Takes digits, an optional fraction and letters from the front of `text`; nullopt if it does not
// begin with a number or the number does not fit.
std::optional<Quantity> take_quantity(std::string_view& text) {
  size_t end = 0;
  while (end < text.size() && (is_digit(text[end]) || text[end] == '.')) ++end;
  const std::string_view digits = text.substr(0, end);
  if (digits.empty() || !is_digit(digits.front()) || !is_digit(digits.back())) return std::nullopt;
  Quantity quantity;
  quantity.whole = digits.find('.') == std::string_view::npos;
  const char* last = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), last, quantity.number);
  if (read.ec != std::errc{} || read.ptr != last) return std::nullopt;
  if (quantity.whole &&
      std::from_chars(digits.data(), last, quantity.whole_number).ec != std::errc{}) {
    return std::nullopt;
  }
  text.remove_prefix(end);
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  end = 0;
  while (end < text.size() && !is_digit(text[end]) && !is_blank(text[end])) ++end;
  quantity.unit = lower(text.substr(0, end));
  text.remove_prefix(end);
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  return quantity;
}

std::optional<uint64_t> bytes_in(std::string_view unit) {
  static constexpr std::array<std::pair<std::string_view, uint64_t>, 16> kUnits = {{
      {"", 1},
      {"b", 1},
      {"byte", 1},
      {"bytes", 1},
      {"kb", 1000},
      {"mb", 1'000'000},
      {"gb", 1'000'000'000},
      {"tb", 1'000'000'000'000},
      {"kib", 1ULL << 10},
      {"mib", 1ULL << 20},
      {"gib", 1ULL << 30},
      {"tib", 1ULL << 40},
      {"k", 1ULL << 10},
      {"m", 1ULL << 20},
      {"g", 1ULL << 30},
      {"t", 1ULL << 40},
  }};
  for (const auto& [name, bytes] : kUnits) {
    if (name == unit) return bytes;
  }
  return std::nullopt;
}

std::optional<int64_t> micros_in(std::string_view unit) {
  struct Unit {
    int64_t micros;
    std::array<std::string_view, 6> names;
  };
  static constexpr std::array<Unit, 7> kUnits = {{
      {1, {"us", "microsecond", "microseconds", "", "", ""}},
      {1'000, {"ms", "millisecond", "milliseconds", "", "", ""}},
      {1'000'000, {"s", "sec", "secs", "second", "seconds", ""}},
      {60'000'000, {"m", "min", "mins", "minute", "minutes", ""}},
      {3'600'000'000, {"h", "hr", "hrs", "hour", "hours", ""}},
      {86'400'000'000, {"d", "day", "days", "", "", ""}},
      {604'800'000'000, {"w", "week", "weeks", "", "", ""}},
  }};
  if (unit.empty()) return std::nullopt;
  for (const Unit& candidate : kUnits) {
    for (const std::string_view name : candidate.names) {
      if (name == unit) return candidate.micros;
    }
  }
  return std::nullopt;
}

// number * factor, rounded; nullopt if that is not below `limit`.
std::optional<uint64_t> times(const Quantity& quantity, uint64_t factor, uint64_t limit) {
  if (quantity.whole) {
    uint64_t product = 0;
    if (__builtin_mul_overflow(quantity.whole_number, factor, &product) || product > limit) {
      return std::nullopt;
    }
    return product;
  }
  const double product = std::round(quantity.number * static_cast<double>(factor));
  if (!(product < static_cast<double>(limit))) return std::nullopt;
  return static_cast<uint64_t>(product);
}

// Days since 1970-01-01 of a date in the proleptic Gregorian calendar (H. Hinnant, "chrono-
// compatible low-level date algorithms", days_from_civil).
int64_t days_from_civil(int64_t year, unsigned month, unsigned day) {
  year -= month <= 2;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto year_of_era = static_cast<unsigned>(year - era * 400);
  const unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + static_cast<int64_t>(day_of_era) - 719'468;
}

struct Date {
  int64_t year;
  unsigned month;
  unsigned day;
};

// The inverse of days_from_civil.
Date civil_from_days(int64_t days) {
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const auto day_of_era = static_cast<unsigned>(days - era * 146'097);
  const unsigned year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const unsigned day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned shifted = (5 * day_of_year + 2) / 153;
  const unsigned month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {static_cast<int64_t>(year_of_era) + era * 400 + (month <= 2), month,
          day_of_year - (153 * shifted + 2) / 5 + 1};
}

unsigned days_in_month(int64_t year, unsigned month) {
  static constexpr std::array<unsigned, 12> kDays = {31, 28, 31, 30, 31, 30,
                                                     31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

// Reads a timestamp's text from left to right; after a mismatch every further step fails too.
class TimestampReader {
 public:
  explicit TimestampReader(std::string_view text) : rest_(text) {}

  std::optional<int64_t> micros() {
    const int64_t year = digits(4);
    expect('-');
    const int64_t month = digits(2);
    expect('-');
    const int64_t day = digits(2);
    if (!ok_ || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, static_cast<unsigned>(month))) {
      return std::nullopt;
    }
    const int64_t midnight =
        days_from_civil(year, static_cast<unsigned>(month), static_cast<unsigned>(day)) *
        86'400'000'000;
    if (rest_.empty()) return midnight;
    if (rest_.front() != 'T' && rest_.front() != 't' && rest_.front() != ' ') return std::nullopt;
    rest_.remove_prefix(1);
    const int64_t of_day = time_of_day();
    const int64_t offset = zone();
    if (!ok_ || !rest_.empty()) return std::nullopt;
    return midnight + of_day - offset;
  }

 private:
  int64_t digits(size_t count) {
    int64_t number = 0;
    if (rest_.size() < count) ok_ = false;
    for (size_t i = 0; ok_ && i < count; ++i) {
      if (!is_digit(rest_[i])) ok_ = false;
      number = number * 10 + (rest_[i] - '0');
    }
    if (ok_) rest_.remove_prefix(count);
    return ok_ ? number : 0;
  }

  bool take(char c) {
    if (!ok_ || rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!take(c)) ok_ = false;
  }

  int64_t time_of_day() {
    const int64_t hour = digits(2);
    expect(':');
    const int64_t minute = digits(2);
    const int64_t second = take(':') ? digits(2) : 0;
    if (hour > 23 || minute > 59 || second > 59) ok_ = false;
    return ((hour * 60 + minute) * 60 + second) * 1'000'000 + fraction();
  }

  // Microseconds; finer digits are cut off.
  int64_t fraction() {
    if (!take('.') && !take(',')) return 0;
    int64_t micros = 0;
    size_t count = 0;
    while (count < rest_.size() && is_digit(rest_[count])) {
      if (count < 6) micros = micros * 10 + (rest_[count] - '0');
      ++count;
    }
    if (count == 0) ok_ = false;
    rest_.remove_prefix(count);
    for (size_t i = count; i < 6; ++i) micros *= 10;
    return micros;
  }

  // The zone's offset east of UTC in microseconds.
  int64_t zone() {
    if (rest_.empty() || take('Z') || take('z')) return 0;
    const bool east = take('+');
    if (!east) expect('-');
    const int64_t hours = digits(2);
    const bool colon = take(':');
    const int64_t minutes = colon || !rest_.empty() ? digits(2) : 0;
    if (hours > 18 || minutes > 59) ok_ = false;
    const int64_t offset = (hours * 60 + minutes) * 60'000'000;
    return east ? offset : -offset;
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

Result<uint64_t> parse_bytes(std::string_view text) {
  std::string_view rest = trimmed(text);
  const auto quantity = take_quantity(rest);
  const auto factor = quantity ? bytes_in(quantity->unit) : std::nullopt;
  if (!factor || !rest.empty()) {
    return invalid_argument(
        fmt::format("'{}' is not a size; write for example 512MiB, 2GiB or 100MB", text));
  }
  const auto bytes = times(*quantity, *factor, std::numeric_limits<int64_t>::max());
  if (!bytes) return invalid_argument(fmt::format("'{}' is too large a size", text));
  return *bytes;
}

std::string format_bytes(uint64_t bytes) {
  static constexpr std::array<const char*, 7> kUnits = {"B",   "KiB", "MiB", "GiB",
                                                        "TiB", "PiB", "EiB"};
  size_t unit = 0;
  auto amount = static_cast<double>(bytes);
  // 1023.95 would be shown as 1024.0 of the smaller unit.
  while (amount >= (unit == 0 ? 1024 : 1023.95) && unit + 1 < kUnits.size()) {
    amount /= 1024;
    ++unit;
  }
  std::string number = fmt::format("{:.1f}", amount);
  if (number.ends_with(".0")) number.resize(number.size() - 2);
  return number + " " + kUnits[unit];
}

Result<Duration> parse_duration(std::string_view text) {
  const auto wrong = [&] {
    return invalid_argument(fmt::format(
        "'{}' is not a duration; write for example 500ms, 2s, 10 minutes or 1h30m", text));
  };
  std::string_view rest = trimmed(text);
  if (rest == "0") return Duration{0};
  if (rest.empty()) return wrong();
  int64_t total = 0;
  while (!rest.empty()) {
    const auto quantity = take_quantity(rest);
    const auto factor = quantity ? micros_in(quantity->unit) : std::nullopt;
    if (!factor) return wrong();
    const auto micros =
        times(*quantity, static_cast<uint64_t>(*factor), std::numeric_limits<int64_t>::max());
    if (!micros || __builtin_add_overflow(total, static_cast<int64_t>(*micros), &total)) {
      return invalid_argument(fmt::format("'{}' is too long a duration", text));
    }
  }
  return Duration{total};
}

std::string format_duration(Duration duration) {
  const int64_t micros = duration.count();
  if (micros < 0) return "-" + format_duration(Duration{micros == INT64_MIN ? INT64_MAX : -micros});
  if (micros == 0) return "0 s";
  if (micros < 1'000) return fmt::format("{} us", micros);
  if (micros < 1'000'000) return fmt::format("{} ms", micros / 1'000);
  if (micros < 60'000'000) {
    return micros % 1'000'000 < 100'000 ? fmt::format("{} s", micros / 1'000'000)
                                        : fmt::format("{:.1f} s", std::floor(micros / 1e5) / 10);
  }
  struct Unit {
    int64_t micros;
    const char* name;
  };
  static constexpr std::array<Unit, 4> kUnits = {
      {{86'400'000'000, "d"}, {3'600'000'000, "h"}, {60'000'000, "min"}, {1'000'000, "s"}}};
  size_t unit = 0;
  while (micros < kUnits[unit].micros) ++unit;
  const int64_t rest = micros % kUnits[unit].micros;
  const std::string text = fmt::format("{} {}", micros / kUnits[unit].micros, kUnits[unit].name);
  if (unit + 1 == kUnits.size() || rest < kUnits[unit + 1].micros) return text;
  return fmt::format("{} {} {}", text, rest / kUnits[unit + 1].micros, kUnits[unit + 1].name);
}

std::string format_count(uint64_t count) {
  std::string digits = std::to_string(count);
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string format_count(uint64_t count, std::string_view thing) {
  return format_count(count) + " " + std::string(thing) + (count == 1 ? "" : "s");
}

std::string format_timestamp(Timestamp timestamp, bool micros) {
  constexpr int64_t kDay = 86'400'000'000;
  int64_t days = timestamp.micros / kDay;
  int64_t of_day = timestamp.micros % kDay;
  if (of_day < 0) {
    of_day += kDay;
    --days;
  }
  const Date date = civil_from_days(days);
  const int64_t seconds = of_day / 1'000'000;
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", date.year, date.month,
                                 date.day, seconds / 3600, seconds / 60 % 60, seconds % 60);
  const int64_t fraction = of_day % 1'000'000;
  return text +
         (micros ? fmt::format(".{:06}Z", fraction) : fmt::format(".{:03}Z", fraction / 1000));
}

Result<Timestamp> parse_timestamp(std::string_view text) {
  const auto micros = TimestampReader(trimmed(text)).micros();
  if (!micros) {
    return invalid_argument(fmt::format(
        "'{}' is not a timestamp; write for example 2026-01-31T12:00:00Z or 2026-01-31", text));
  }
  return Timestamp{*micros};
}

}  // namespace lakeward
