#include "config/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/suggest.h"
#include "base/units.h"

namespace lakeward::config {
namespace {

// "a whole number, not 'abc'"; a secret's text is never shown.
std::string expected(std::string_view what, const Value& value) {
  if (!value.is_scalar()) return fmt::format("{}, not {}", what, value.kind_name());
  if (value.scalar().secret) return std::string(what) + " (a secret's value is not shown)";
  constexpr size_t kMostShown = 60;
  const std::string& text = value.text();
  const std::string shown = text.size() <= kMostShown ? text : text.substr(0, kMostShown) + "…";
  if (value.scalar().quoted) return fmt::format("{}, not the text '{}'", what, shown);
  return fmt::format("{}, not '{}'", what, shown);
}

// Whether the value may be read as a number or a truth: "5" in quotes is text.
bool is_plain(const Value& value) { return value.is_scalar() && !value.scalar().quoted; }

// Decimal digits with a sign, as YAML's core schema has them (YAML 1.2.2, section 10.3.2).
template <typename T>
bool read_number(std::string_view text, T& out) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text.starts_with('+')) return false;
  T number{};
  const char* last = text.data() + text.size();
  const auto read = std::from_chars(text.data(), last, number);
  if (read.ec != std::errc{} || read.ptr != last) return false;
  out = number;
  return true;
}

}  // namespace

std::optional<std::string> convert(const Value& value, std::string& out) {
  if (!value.is_scalar()) return expected("text", value);
  out = value.text();
  return std::nullopt;
}

std::optional<std::string> convert(const Value& value, bool& out) {
  if (is_plain(value)) {
    const std::string& text = value.text();
    for (const char* yes : {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"}) {
      if (text == yes) {
        out = true;
        return std::nullopt;
      }
    }
    for (const char* no : {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"}) {
      if (text == no) {
        out = false;
        return std::nullopt;
      }
    }
  }
  return expected("true or false", value);
}

std::optional<std::string> convert(const Value& value, int64_t& out) {
  if (is_plain(value) && read_number(value.text(), out)) return std::nullopt;
  return expected("a whole number", value);
}

std::optional<std::string> convert(const Value& value, uint64_t& out) {
  if (is_plain(value) && read_number(value.text(), out)) return std::nullopt;
  return expected("a whole number, 0 or more", value);
}

std::optional<std::string> convert(const Value& value, double& out) {
  double number = 0;
  if (is_plain(value) && read_number(value.text(), number) && std::isfinite(number)) {
    out = number;
    return std::nullopt;
  }
  return expected("a number", value);
}

std::optional<std::string> convert(const Value& value, Duration& out) {
  if (value.is_scalar()) {
    if (const auto duration = parse_duration(value.text()); duration.ok()) {
      out = *duration;
      return std::nullopt;
    }
  }
  return expected("a duration such as 500ms, 2s, 10 minutes or 1h30m", value);
}

std::optional<std::string> convert(const Value& value, Bytes& out) {
  if (value.is_scalar()) {
    if (const auto bytes = parse_bytes(value.text()); bytes.ok()) {
      out = Bytes{*bytes};
      return std::nullopt;
    }
  }
  return expected("a size such as 512MiB, 2GiB or 100MB", value);
}

std::optional<std::string> convert(const Value& value, SecretString& out) {
  // Whatever stands in a secret's place may be the secret itself: it is not shown.
  if (!value.is_scalar()) return fmt::format("text, not {}", value.kind_name());
  out = SecretString(value.text());
  return std::nullopt;
}

std::optional<std::string> convert(const Value& value, std::vector<std::string>& out) {
  constexpr std::string_view kExpected = "text or a list of texts";
  std::vector<std::string> texts;
  if (value.is_scalar()) {
    texts.push_back(value.text());
  } else if (value.is_list()) {
    for (const Value& item : value.list()) {
      if (!item.is_scalar()) {
        return fmt::format("{}; one of the list is {}", kExpected, item.kind_name());
      }
      texts.push_back(item.text());
    }
  } else {
    return expected(kExpected, value);
  }
  out = std::move(texts);
  return std::nullopt;
}

std::optional<std::string> convert(const Value& value, StringMap& out) {
  if (!value.is_map()) return expected("a map of names to texts", value);
  StringMap texts;
  for (const Value::Entry& entry : value.map()) {
    if (!entry.value.is_scalar()) {
      return fmt::format("a map of names to texts; '{}' is {}", entry.key, entry.value.kind_name());
    }
    texts.emplace_back(entry.key, entry.value.text());
  }
  out = std::move(texts);
  return std::nullopt;
}

std::optional<std::string> convert(const Value& value, Value& out) {
  out = value;
  return std::nullopt;
}

std::string type_name(const std::string*) { return "text"; }
std::string type_name(const bool*) { return "true or false"; }
std::string type_name(const int64_t*) { return "whole number"; }
std::string type_name(const uint64_t*) { return "whole number"; }
std::string type_name(const double*) { return "number"; }
std::string type_name(const Duration*) { return "duration"; }
std::string type_name(const Bytes*) { return "bytes"; }
std::string type_name(const SecretString*) { return "secret"; }
std::string type_name(const std::vector<std::string>*) { return "list of texts"; }
std::string type_name(const StringMap*) { return "map of texts"; }
std::string type_name(const Value*) { return "block"; }

std::string default_text(const std::string& value) { return value; }
std::string default_text(bool value) { return value ? "true" : "false"; }
std::string default_text(int64_t value) { return std::to_string(value); }
std::string default_text(uint64_t value) { return std::to_string(value); }
std::string default_text(double value) { return fmt::format("{}", value); }
std::string default_text(Duration value) { return format_duration(value); }
std::string default_text(Bytes value) { return format_bytes(value.count); }
std::string default_text(const std::vector<std::string>& value) {
  return fmt::format("[{}]", fmt::join(value, ", "));
}

namespace internal {

void report_unknown_keys(const Value& map, const std::vector<OptionInfo>& known,
                         Problems& problems) {
  if (!map.is_map()) return;
  std::vector<std::string> names;
  for (const OptionInfo& info : known) names.push_back(info.name);
  for (const Value::Entry& entry : map.map()) {
    if (std::find(names.begin(), names.end(), entry.key) != names.end()) continue;
    problems.push_back({entry.key_location, fmt::format("unknown key '{}'{}", entry.key,
                                                        suggestion(entry.key, names))});
  }
}

std::optional<std::string> convert_choice(const Value& value,
                                          const std::vector<std::string>& choices, size_t& index) {
  // YAML's plain `null` is nothing, but may be a choice's name (`on_malformed: null`).
  if (value.is_scalar() || value.is_null()) {
    const std::string text = value.is_null() ? "null" : value.text();
    for (size_t i = 0; i < choices.size(); ++i) {
      if (choices[i] == text) {
        index = i;
        return std::nullopt;
      }
    }
  }
  std::string problem = expected(fmt::format("one of {}", fmt::join(choices, ", ")), value);
  if (value.is_scalar() && !value.scalar().secret) {
    if (const auto nearest = nearest_name(value.text(), choices)) {
      problem += "; did you mean '" + *nearest + "'?";
    }
  }
  return problem;
}

}  // namespace internal
}  // namespace lakeward::config
