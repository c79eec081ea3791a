// SQL as it stands in a project's file, with the way back from its lines to the file's.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/value.h"

namespace lakeward::project {

// A text that was written over one or more lines of a file, possibly folded or indented there.
class SourceText {
 public:
  SourceText() = default;
  // The whole of a file: line n is line n.
  SourceText(std::string text, std::string file);
  // The scalar `value` of a YAML file whose text is `document`.
  SourceText(const config::Value& value, const std::string& document);

  const std::string& text() const { return text_; }
  // Shortens the text at its end; what is left stays where it is.
  void set_text(std::string beginning) { text_ = std::move(beginning); }
  bool empty() const { return text_.empty(); }
  // Where it begins.
  const config::Location& location() const { return location_; }
  // Where line and column of the text (bytes, from 1; column 0: unknown) stand in the file.
  config::Location locate(int line, int column) const;

 private:
  // From `offset` of the text on, until the next mark, text and file agree byte by byte.
  struct Mark {
    size_t offset;
    int line;
    int column;  // 0: unknown
  };
  void mark_scalar(const std::string& document);

  std::string text_;
  config::Location location_;
  std::vector<Mark> marks_;  // ascending offsets
};

}  // namespace lakeward::project
