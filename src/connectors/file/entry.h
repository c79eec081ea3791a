// A file as the source's log in the checkpoint remembers it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lakeward::connectors::file {

// One line of sources/I/N: {"path":"file:///in/a.jsonl","timestamp":…,"batchId":N}, as Apache
// Spark's file source writes it, and the keys "size" (bytes, when the file was taken) and, only for
// a file that takes more than one epoch, "from" and "to" (bytes). Spark ignores keys that it does
// not know: a checkpoint may move there when no file is taken in part.
struct Entry {
  std::string path;      // absolute, not encoded
  int64_t timestamp_ms;  // the file's modification time
  int64_t batch = 0;
  std::optional<uint64_t> size = {};  // absent in entries of Spark
  uint64_t from = 0;
  std::optional<uint64_t> to = {};  // absent: to the end

  std::string to_json() const;
  // Errors: Corruption if the line is of another kind of source.
  static Result<Entry> parse(std::string_view line);

  bool whole() const { return from == 0 && !to; }
  // Whether the file's last bytes are in this entry.
  bool final() const { return !to || to == size; }
};

// Lines of the log in which the parts of one file that follow each other are one entry, the last
// part's: a large file read in many epochs then counts for one. Entries of batches after
// `last_batch` stay as they are. Errors: Corruption if a line that could be folded is no entry.
Result<std::vector<std::string>> fold_parts(std::vector<std::string> lines, int64_t last_batch);

// "file:///in/a%20b.jsonl" and back. As java.net.URI does it: blank, '%', '#', '?' and what is not
// allowed in a URI are percent-encoded, other letters are kept.
std::string to_uri(std::string_view path);
Result<std::string> from_uri(std::string_view uri);

// {"logOffset":N}. Errors: Corruption if the line is another kind of source's.
std::string make_offset(int64_t batch);
Result<int64_t> parse_offset(std::string_view offset);

}  // namespace lakeward::connectors::file
