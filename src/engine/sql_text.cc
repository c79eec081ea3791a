#include "engine/sql_text.h"

#include <cctype>

namespace lakeward::engine {
namespace {

std::string quote(std::string_view text, char mark) {
  std::string quoted(1, mark);
  for (char c : text) {
    if (c == mark) quoted += mark;
    quoted += c;
  }
  quoted += mark;
  return quoted;
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

size_t past(const std::string& sql, std::string_view terminator, size_t from) {
  const size_t found = sql.find(terminator, from);
  return found == std::string::npos ? sql.size() : found + terminator.size();
}

// Behind the block comment that begins at `at`; they nest.
size_t past_comment(const std::string& sql, size_t at) {
  int depth = 0;
  size_t i = at;
  while (i < sql.size()) {
    if (sql.compare(i, 2, "/*") == 0) {
      ++depth;
      i += 2;
    } else if (sql.compare(i, 2, "*/") == 0) {
      i += 2;
      if (--depth == 0) return i;
    } else {
      ++i;
    }
  }
  return sql.size();
}

// The $tag$ that begins at `at`, or nothing: then the $ is something else.
std::string dollar_tag(const std::string& sql, size_t at) {
  if (at > 0 && is_word(sql[at - 1])) return "";
  size_t end = at + 1;
  while (end < sql.size() && is_word(sql[end])) ++end;
  const bool is_parameter = std::isdigit(static_cast<unsigned char>(sql[at + 1])) != 0;
  if (end == sql.size() || sql[end] != '$' || is_parameter) return "";
  return sql.substr(at, end + 1 - at);
}

}  // namespace

std::string quote_identifier(std::string_view name) { return quote(name, '"'); }
std::string quote_literal(std::string_view text) { return quote(text, '\''); }

// Read from its beginning, because only from there it is known what is quoted.
std::string strip_statement_end(const std::string& sql) {
  size_t end = 0;
  size_t i = 0;
  while (i < sql.size()) {
    const char c = sql[i];
    const std::string tag = c == '$' ? dollar_tag(sql, i) : "";
    if (sql.compare(i, 2, "--") == 0) {
      i = past(sql, "\n", i);
    } else if (sql.compare(i, 2, "/*") == 0) {
      i = past_comment(sql, i);
    } else if (c == '\'' || c == '"') {
      i = end = past(sql, std::string(1, c), i + 1);
    } else if (!tag.empty()) {
      i = end = past(sql, tag, i + tag.size());
    } else if (c == ';' || std::isspace(static_cast<unsigned char>(c)) != 0) {
      ++i;
    } else {
      end = ++i;
    }
  }
  return sql.substr(0, end);
}

std::string quote_qualified(std::string_view dotted_name) {
  std::string quoted;
  while (true) {
    const size_t dot = dotted_name.find('.');
    quoted += quote_identifier(dotted_name.substr(0, dot));
    if (dot == std::string_view::npos) return quoted;
    quoted += '.';
    dotted_name.remove_prefix(dot + 1);
  }
}

}  // namespace lakeward::engine
