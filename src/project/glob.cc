#include "project/glob.h"

#include <fnmatch.h>

#include <algorithm>
#include <system_error>

namespace lakeward::project {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> split_path(const std::string& text) {
  std::vector<std::string> parts;
  for (const fs::path& part : fs::path(text)) {
    if (!part.empty() && part != ".") parts.push_back(part.string());
  }
  return parts;
}

class Matcher {
 public:
  Matcher(const fs::path& root, const std::string& pattern)
      : root_(root), parts_(split_path(pattern)) {}

  Status match(const fs::path& folder, size_t part) {
    if (part == parts_.size()) return ok_status();
    const std::string& name = parts_[part];
    const bool last = part + 1 == parts_.size();
    if (!is_pattern(name)) {
      const fs::path next = folder / name;
      std::error_code error;
      if (last && fs::is_regular_file(root_ / next, error)) found.push_back(next.string());
      return !last && fs::is_directory(root_ / next, error) ? match(next, part + 1) : ok_status();
    }
    if (name == "**") RETURN_IF_ERROR(match(folder, part + 1));
    std::error_code error;
    for (fs::directory_iterator entry(root_ / folder, error), end; !error && entry != end;
         entry.increment(error)) {
      const std::string entry_name = entry->path().filename().string();
      const fs::path next = folder / entry_name;
      std::error_code ignored;
      const bool is_folder = entry->is_directory(ignored);
      if (name == "**") {
        if (is_folder && !entry_name.starts_with('.')) RETURN_IF_ERROR(match(next, part));
      } else if (fnmatch(name.c_str(), entry_name.c_str(), FNM_PERIOD) == 0) {
        if (last && entry->is_regular_file(ignored)) found.push_back(next.string());
        if (!last && is_folder) RETURN_IF_ERROR(match(next, part + 1));
      }
    }
    if (error == std::errc::no_such_file_or_directory) return ok_status();
    if (error) return errno_status(error.value(), "list", (root_ / folder).string());
    return ok_status();
  }

  std::vector<std::string> found;

 private:
  const fs::path& root_;
  std::vector<std::string> parts_;
};

}  // namespace

bool is_pattern(const std::string& text) { return text.find_first_of("*?[") != std::string::npos; }

Result<std::vector<std::string>> match_files(const fs::path& root, const std::string& pattern) {
  Matcher matcher(root, pattern);
  RETURN_IF_ERROR(matcher.match(fs::path(), 0));
  std::sort(matcher.found.begin(), matcher.found.end());
  matcher.found.erase(std::unique(matcher.found.begin(), matcher.found.end()), matcher.found.end());
  return std::move(matcher.found);
}

}  // namespace lakeward::project
