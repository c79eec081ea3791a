// Aligned columns of text for people.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lakeward::cli {

// Columns that a text takes on a terminal; control characters take none.
size_t display_width(std::string_view utf8);
// The text with what would spoil a line (line ends, tabs, other control characters) escaped as in
// C: "\n", "\t", "\x1b".
std::string one_line(std::string_view utf8);
// At most `width` columns, the cut shown by "…".
std::string cut(std::string_view utf8, size_t width);

struct TableColumn {
  std::string name;
  bool right = false;  // numbers
};

// What output goes to, as far as layout cares.
struct Screen {
  size_t width = 0;  // of the terminal; 0: not a terminal, nothing is cut
  bool color = false;

  static Screen of_stdout();
  static Screen of_stderr();
};

// Lays out rows of cells. The widths come from the rows given to fit(); later rows that need more
// are cut on a terminal and push the line out elsewhere.
class TableLayout {
 public:
  TableLayout(std::vector<TableColumn> columns, Screen screen);

  // Makes room for the cells; call before header(). A cell is text, already one_line().
  void fit(const std::vector<std::string>& cells);
  // The names and a rule below them.
  std::string header();
  std::string row(const std::vector<std::string>& cells) const;

 private:
  void shrink_to_screen();
  std::string line(const std::vector<std::string>& cells) const;

  std::vector<TableColumn> columns_;
  std::vector<size_t> widths_;
  Screen screen_;
};

// A whole small table.
std::string format_table(const std::vector<TableColumn>& columns,
                         const std::vector<std::vector<std::string>>& rows, Screen screen);

}  // namespace lakeward::cli
