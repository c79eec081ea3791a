// Which files a path or glob names.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace lakeward::connectors::file {

struct FoundFile {
  std::string path;  // absolute
  uint64_t size = 0;
  Timestamp modified;
};

// A path in which the names may hold *, ?, [a-z], [!a-z] and {a,b}, and `**` stands for any number
// of folders. A wildcard never matches a name that begins with '.'.
class Glob {
 public:
  // `path` is taken relative to `root` if it is not absolute. A path that names a folder means the
  // files directly in it.
  Glob(std::string_view path, const std::filesystem::path& root);

  // The regular files that match now (links are followed), in no order. Errors: NotFound if the
  // folder before the first wildcard does not exist; IoError naming a folder that cannot be read.
  Result<std::vector<FoundFile>> find() const;

  bool has_wildcard() const { return !pattern_.empty(); }
  // The folder before the first wildcard; of a plain path the path itself.
  const std::string& base() const { return base_; }

 private:
  std::string base_;
  std::vector<std::vector<std::string>> patterns() const;
  std::vector<std::string> pattern_;  // one for each name after base_; empty: a plain path
};

// Whether files that are written into the folder `written`, or below it, are where `path` looks for
// files. Both may be relative, to the same folder.
bool looks_into(std::string_view path, std::string_view written);

// Whether `name` matches one name's pattern, without braces.
bool name_matches(std::string_view pattern, std::string_view name);

}  // namespace lakeward::connectors::file
