// Walking over JSON text, strictly by RFC 8259, without building anything.
//
// Bytes are looked at once. The text is an object, from its first byte to its last, `}`, and 64
// readable bytes follow it (see Record); what they hold is never used. Because the last byte is one
// that no string, number, literal or blank goes on with, only strings and the ends of nested values
// need to look where the text ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "format/bytes16.h"
#include "format/number_text.h"

namespace lakeward::format {

// Every function takes the place to begin at and returns the place behind what it walked over, or
// nullptr after an error, which error() then tells.
class JsonScanner {
 public:
  // Levels of nested values, the object itself included. More are refused.
  static constexpr size_t kMaxDepth = 1024;

  // [begin, end): see above.
  void start(const char* begin, const char* end) {
    begin_ = begin;
    end_ = end;
    non_ascii_ = false;
    what_ = nullptr;
  }
  const char* begin() const { return begin_; }
  const char* end() const { return end_; }

  static bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
  static const char* skip_blanks(const char* p) {
    if (static_cast<unsigned char>(*p) > ' ') [[likely]] {
      return p;
    }
    return skip_some_blanks(p);
  }

  // `p` is behind a string's opening quote; returns the place of its closing quote. `escaped` says
  // whether there are escapes, which are checked.
  const char* string_end(const char* p, bool& escaped) {
    escaped = false;
    while (true) {
      const Bytes16 bytes(p);
      const uint32_t stops = bytes.string_stops();
      const uint32_t non_ascii = bytes.non_ascii();
      if (stops == 0) {
        if (non_ascii != 0) [[unlikely]] {
          non_ascii_ = true;
        }
        p += 16;
        if (p >= end_) return fail("a string does not end", end_);
        continue;
      }
      const uint32_t before_stop = (stops & (0 - stops)) - 1;
      if ((non_ascii & before_stop) != 0) [[unlikely]] {
        non_ascii_ = true;
      }
      p += __builtin_ctz(stops);
      if (p >= end_) [[unlikely]] {
        return fail("a string does not end", end_);
      }
      if (*p == '"') [[likely]] {
        return p;
      }
      if (*p != '\\') return fail("a control character in a string", p);
      escaped = true;
      p = skip_escape(p);
      if (p == nullptr) return nullptr;
    }
  }

  // Any value. `p` is at its first character.
  const char* skip_value(const char* p) {
    if (*p == '"') {
      bool escaped = false;
      p = string_end(p + 1, escaped);
      return p == nullptr ? nullptr : p + 1;
    }
    if (*p == '{' || *p == '[') return skip_nested(p);
    return skip_number_or_literal(p);
  }
  const char* skip_number_or_literal(const char* p);

  // The name of an object's member, which begins at `p`, and its colon. `scratch` holds the name if
  // it has escapes.
  const char* member_name(const char* p, std::string& scratch, std::string_view& name);

  // Whether any string had bytes of 0x80 and above: the caller must then check that they are UTF-8.
  bool non_ascii() const { return non_ascii_; }

  // Notes the first error.
  [[gnu::cold]] const char* fail(const char* what, const char* place) {
    if (what_ == nullptr) {
      what_ = what;
      place_ = place;
    }
    return nullptr;
  }
  bool failed() const { return what_ != nullptr; }
  // "a string does not end at byte 17"
  std::string error() const;

 private:
  static const char* skip_some_blanks(const char* p) {
    while (is_blank(*p)) ++p;
    return p;
  }
  [[gnu::noinline]] const char* skip_escape(const char* p);
  [[gnu::noinline]] const char* skip_nested(const char* p);
  const char* skip_member_name(const char* p);

  const char* begin_ = nullptr;
  const char* end_ = nullptr;
  bool non_ascii_ = false;
  const char* what_ = nullptr;
  const char* place_ = nullptr;
};

// The text that a string's inside (between the quotes, checked by string_end()) stands for.
void append_unescaped(std::string_view inside, std::string& text);

}  // namespace lakeward::format
