#include "project/sql_text.h"

#include <algorithm>
#include <utility>

namespace lakeward::project {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// A place in a document, moved forward byte by byte.
struct Cursor {
  const std::string& document;
  size_t offset = 0;
  int line = 1;
  int column = 1;

  bool at_end() const { return offset >= document.size(); }
  char character() const { return document[offset]; }
  void advance() {
    if (character() == '\n') {
      ++line;
      column = 1;
    } else {
      ++column;
    }
    ++offset;
  }
  void skip_line() {
    while (!at_end() && character() != '\n') advance();
    if (!at_end()) advance();
  }
};

}  // namespace

SourceText::SourceText(std::string text, std::string file)
    : text_(std::move(text)), location_{std::move(file), 1, 1} {
  marks_.push_back({0, 1, 1});
  for (size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') marks_.push_back({i + 1, marks_.back().line + 1, 1});
  }
}

SourceText::SourceText(const config::Value& value, const std::string& document)
    : text_(value.text()), location_(value.location()) {
  mark_scalar(document);
}

// YAML's folding and indentation change white space only, so text and document are walked side by
// side, white space skipped. Where they part (an escape, a ${env:…}), lines are counted on.
void SourceText::mark_scalar(const std::string& document) {
  Cursor cursor{document};
  while (!cursor.at_end() && (cursor.line < location_.line || (cursor.line == location_.line &&
                                                               cursor.column < location_.column))) {
    cursor.advance();
  }
  bool is_block = false;
  if (!cursor.at_end()) {
    const char first = cursor.character();
    is_block = first == '|' || first == '>';
    if (is_block) {
      cursor.skip_line();
    } else if (first == '"' || first == '\'') {
      cursor.advance();
    }
  }
  marks_.push_back({0, cursor.line, is_block ? 0 : cursor.column});
  bool in_step = true;
  for (size_t i = 0; i < text_.size(); ++i) {
    if (!in_step) {
      if (text_[i] == '\n') marks_.push_back({i + 1, marks_.back().line + 1, 0});
      continue;
    }
    if (is_blank(text_[i])) continue;
    while (!cursor.at_end() && is_blank(cursor.character())) cursor.advance();
    if (cursor.at_end() || cursor.character() != text_[i]) {
      in_step = false;
      continue;
    }
    if (cursor.line != marks_.back().line || marks_.back().column == 0) {
      // Blanks before the first word of a line belong to the line.
      size_t begin = i;
      while (begin > 0 && begin > marks_.back().offset && text_[begin - 1] == ' ') --begin;
      const int indent = static_cast<int>(i - begin);
      if (indent < cursor.column) {
        marks_.push_back({begin, cursor.line, cursor.column - indent});
      } else {
        marks_.push_back({i, cursor.line, cursor.column});
      }
    }
    cursor.advance();
  }
}

config::Location SourceText::locate(int line, int column) const {
  if (marks_.empty() || line <= 0) return location_;
  size_t begin = 0;
  for (int l = 1; l < line; ++l) {
    const size_t end = text_.find('\n', begin);
    if (end == std::string::npos) break;
    begin = end + 1;
  }
  const size_t offset = begin + static_cast<size_t>(std::max(column, 1) - 1);
  const auto after =
      std::upper_bound(marks_.begin(), marks_.end(), offset,
                       [](size_t value, const Mark& mark) { return value < mark.offset; });
  const Mark& mark = after == marks_.begin() ? marks_.front() : *(after - 1);
  config::Location place{location_.file, mark.line, 0};
  if (column > 0 && mark.column > 0) {
    place.column = mark.column + static_cast<int>(offset - mark.offset);
  }
  return place;
}

}  // namespace lakeward::project
