#include "format/json_scanner.h"

#include <bitset>
#include <cstring>

namespace lakeward::format {
namespace {

constexpr uint32_t kNoCodeUnit = 0x10000;

// The value of four hexadecimal digits, or kNoCodeUnit.
uint32_t code_unit(const char* p) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = p[i];
    const char lower = static_cast<char>(c | 0x20);
    if (is_digit(c)) {
      value = value * 16 + static_cast<uint32_t>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = value * 16 + static_cast<uint32_t>(lower - 'a' + 10);
    } else {
      return kNoCodeUnit;
    }
  }
  return value;
}

bool is_high_surrogate(uint32_t unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool is_low_surrogate(uint32_t unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

void append_utf8(uint32_t code, std::string& text) {
  const auto byte = [&text](uint32_t b) { text += static_cast<char>(b); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0 | code >> 6);
    byte(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    byte(0xE0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  } else {
    byte(0xF0 | code >> 18);
    byte(0x80 | (code >> 12 & 0x3F));
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  }
}

char short_escape(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;  // quote, backslash, slash
  }
}

}  // namespace

const char* JsonScanner::skip_escape(const char* p) {
  switch (p[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return p + 2;
    case 'u':
      break;
    default:
      return fail("an unknown escape", p);
  }
  const uint32_t unit = code_unit(p + 2);
  if (unit == kNoCodeUnit) return fail("\\u needs four hexadecimal digits", p);
  if (is_low_surrogate(unit)) return fail("half a surrogate pair", p);
  if (!is_high_surrogate(unit)) return p + 6;
  if (p[6] != '\\' || p[7] != 'u' || !is_low_surrogate(code_unit(p + 8))) {
    return fail("half a surrogate pair", p);
  }
  return p + 12;
}

const char* JsonScanner::skip_number_or_literal(const char* p) {
  switch (*p) {
    case 'n':
      return std::memcmp(p, "null", 4) == 0 ? p + 4 : fail("not a value", p);
    case 't':
      return std::memcmp(p, "true", 4) == 0 ? p + 4 : fail("not a value", p);
    case 'f':
      return std::memcmp(p, "false", 5) == 0 ? p + 5 : fail("not a value", p);
    default:
      break;
  }
  if (*p != '-' && !is_digit(*p)) return fail("not a value", p);
  const DecimalParts parts = scan_number(p);
  return parts.end == nullptr ? fail("not a number", p) : parts.end;
}

// `"name" :` and the blanks around it.
const char* JsonScanner::skip_member_name(const char* p) {
  p = skip_blanks(p);
  if (*p != '"') return fail("a member's name is missing", p);
  bool escaped = false;
  p = string_end(p + 1, escaped);
  if (p == nullptr) return nullptr;
  p = skip_blanks(p + 1);
  if (*p != ':') return fail("a colon is missing", p);
  return p + 1;
}

const char* JsonScanner::member_name(const char* p, std::string& scratch, std::string_view& name) {
  if (*p != '"') return fail("a member's name is missing", p);
  const char* const first = p + 1;
  bool escaped = false;
  p = string_end(first, escaped);
  if (p == nullptr) return nullptr;
  name = {first, static_cast<size_t>(p - first)};
  if (escaped) {
    scratch.clear();
    append_unescaped(name, scratch);
    name = scratch;
  }
  p = skip_blanks(p + 1);
  return *p == ':' ? p + 1 : fail("a colon is missing", p);
}

const char* JsonScanner::skip_nested(const char* p) {
  std::bitset<kMaxDepth> objects;  // by depth; the record's own object is level 0
  size_t depth = 0;
  const auto closing = [&] { return objects[depth] ? '}' : ']'; };
  while (true) {
    // At a value, or where the innermost one that just began may end.
    p = skip_blanks(p);
    bool done = true;  // a value is complete
    if (*p == '{' || *p == '[') {
      if (++depth == kMaxDepth) return fail("nested too deeply", p);
      objects[depth] = *p == '{';
      p = skip_blanks(p + 1);
      done = *p == closing();
      if (!done && objects[depth]) {
        p = skip_member_name(p);
        if (p == nullptr) return nullptr;
      }
    } else {
      p = skip_value(p);
      if (p == nullptr) return nullptr;
      p = skip_blanks(p);
    }
    while (done) {
      if (*p == closing()) {
        ++p;
        if (p >= end_) return fail("a nested value does not end", end_);
        if (--depth == 0) return p;
        p = skip_blanks(p);
      } else if (*p == ',') {
        ++p;
        if (objects[depth]) {
          p = skip_member_name(p);
          if (p == nullptr) return nullptr;
        }
        done = false;
      } else {
        return fail("a comma is missing", p);
      }
    }
  }
}

std::string JsonScanner::error() const {
  return std::string(what_) + " at byte " + std::to_string(place_ - begin_);
}

void append_unescaped(std::string_view inside, std::string& text) {
  const char* p = inside.data();
  const char* const end = p + inside.size();
  while (p != end) {
    const void* found = std::memchr(p, '\\', static_cast<size_t>(end - p));
    const char* escape = found == nullptr ? end : static_cast<const char*>(found);
    text.append(p, escape);
    if (escape == end) return;
    if (escape[1] != 'u') {
      text += short_escape(escape[1]);
      p = escape + 2;
      continue;
    }
    uint32_t code = code_unit(escape + 2);
    p = escape + 6;
    if (is_high_surrogate(code)) {
      code = 0x10000 + ((code - 0xD800) << 10) + (code_unit(escape + 8) - 0xDC00);
      p = escape + 12;
    }
    append_utf8(code, text);
  }
}

}  // namespace lakeward::format
