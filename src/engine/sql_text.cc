#include "engine/sql_text.h"

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

}  // namespace

std::string quote_identifier(std::string_view name) { return quote(name, '"'); }
std::string quote_literal(std::string_view text) { return quote(text, '\''); }

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
