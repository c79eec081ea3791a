#include "cli/text_table.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <numeric>

#include "base/check.h"

namespace lakeward::cli {
namespace {

constexpr size_t kGap = 2;
constexpr size_t kNarrowest = 6;  // a column is not cut below this

// The code point that begins at `at`, which moves past it; a malformed byte is U+FFFD.
char32_t next_code_point(std::string_view utf8, size_t& at) {
  const auto lead = static_cast<unsigned char>(utf8[at]);
  size_t length = lead < 0x80 ? 1 : lead >> 5 == 0x6 ? 2 : lead >> 4 == 0xE ? 3 : 4;
  if (lead >= 0x80 && (lead < 0xC2 || lead > 0xF4)) length = 0;
  if (length == 0 || at + length > utf8.size()) {
    ++at;
    return 0xFFFD;
  }
  char32_t code = length == 1 ? lead : lead & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(utf8[at + i]);
    if (next >> 6 != 0x2) {
      ++at;
      return 0xFFFD;
    }
    code = code << 6 | (next & 0x3F);
  }
  at += length;
  return code;
}

size_t code_point_width(char32_t code) {
  if (code < 0x80) return code >= 0x20 && code != 0x7F ? 1 : 0;
  const int width = wcwidth(static_cast<wchar_t>(code));
  return width < 0 ? 1 : static_cast<size_t>(width);
}

Screen screen_of(int descriptor) {
  Screen screen;
  if (isatty(descriptor) == 0) return screen;
  winsize size{};
  screen.width =
      ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size_t{size.ws_col} : 80;
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  screen.color = (no_color == nullptr || *no_color == '\0') &&
                 (terminal == nullptr || std::string_view(terminal) != "dumb");
  return screen;
}

}  // namespace

size_t display_width(std::string_view utf8) {
  size_t width = 0;
  for (size_t at = 0; at < utf8.size();) width += code_point_width(next_code_point(utf8, at));
  return width;
}

std::string one_line(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F) {
      out += c;
    } else if (c == '\n' || c == '\r' || c == '\t') {
      out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
    } else {
      char code[8];
      std::snprintf(code, sizeof(code), "\\x%02x", byte);
      out += code;
    }
  }
  return out;
}

std::string cut(std::string_view utf8, size_t width) {
  if (display_width(utf8) <= width) return std::string(utf8);
  size_t used = 0;
  size_t end = 0;
  for (size_t at = 0; at < utf8.size();) {
    used += code_point_width(next_code_point(utf8, at));
    if (used + 1 > width) break;
    end = at;
  }
  return std::string(utf8.substr(0, end)) + "…";
}

Screen Screen::of_stdout() { return screen_of(STDOUT_FILENO); }
Screen Screen::of_stderr() { return screen_of(STDERR_FILENO); }

TableLayout::TableLayout(std::vector<TableColumn> columns, Screen screen)
    : columns_(std::move(columns)), screen_(screen) {
  for (TableColumn& column : columns_) {
    column.name = one_line(column.name);
    widths_.push_back(display_width(column.name));
  }
}

void TableLayout::fit(const std::vector<std::string>& cells) {
  CHECK(cells.size() == columns_.size());
  for (size_t i = 0; i < cells.size(); ++i) {
    widths_[i] = std::max(widths_[i], display_width(cells[i]));
  }
}

// Cuts the widest columns first, so that narrow ones stay whole.
void TableLayout::shrink_to_screen() {
  if (screen_.width == 0 || widths_.empty()) return;
  size_t total = std::accumulate(widths_.begin(), widths_.end(), (widths_.size() - 1) * kGap);
  while (total > screen_.width) {
    const auto widest = std::max_element(widths_.begin(), widths_.end());
    if (*widest <= kNarrowest) return;
    --*widest;
    --total;
  }
}

std::string TableLayout::line(const std::vector<std::string>& cells) const {
  CHECK(cells.size() == columns_.size());
  std::string out;
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string cell = screen_.width == 0 ? cells[i] : cut(cells[i], widths_[i]);
    const size_t used = display_width(cell);
    const std::string padding(used < widths_[i] ? widths_[i] - used : 0, ' ');
    if (i > 0) out.append(kGap, ' ');
    if (columns_[i].right) out += padding;
    out += cell;
    if (!columns_[i].right && i + 1 < cells.size()) out += padding;
  }
  return out + "\n";
}

std::string TableLayout::header() {
  shrink_to_screen();
  std::vector<std::string> names;
  std::vector<std::string> rules;
  for (size_t i = 0; i < columns_.size(); ++i) {
    names.push_back(columns_[i].name);
    rules.emplace_back(widths_[i], '-');
  }
  if (!screen_.color) return line(names) + line(rules);
  std::string first = line(names);
  first.pop_back();
  return "\x1b[1m" + first + "\x1b[0m\n" + line(rules);
}

std::string TableLayout::row(const std::vector<std::string>& cells) const { return line(cells); }

std::string format_table(const std::vector<TableColumn>& columns,
                         const std::vector<std::vector<std::string>>& rows, Screen screen) {
  TableLayout layout(columns, screen);
  std::vector<std::vector<std::string>> clean;
  for (const auto& row : rows) {
    clean.emplace_back();
    for (const std::string& cell : row) clean.back().push_back(one_line(cell));
    layout.fit(clean.back());
  }
  std::string out = layout.header();
  for (const auto& row : clean) out += layout.row(row);
  return out;
}

}  // namespace lakeward::cli
