#include "connectors/file/glob.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>

namespace lakeward::connectors::file {
namespace {

constexpr size_t kMaxAlternatives = 1000;

bool is_magic(std::string_view name) {
  return name.find_first_of("*?[{") != std::string_view::npos;
}

std::vector<std::string> split_names(std::string_view path) {
  std::vector<std::string> names;
  size_t begin = 0;
  while (begin <= path.size()) {
    const size_t end = std::min(path.find('/', begin), path.size());
    if (end > begin && path.substr(begin, end - begin) != ".") {
      names.emplace_back(path.substr(begin, end - begin));
    }
    begin = end + 1;
  }
  return names;
}

// {"a{b,c}d"} as {"abd", "acd"}; braces may nest, and may hold '/'.
std::vector<std::string> expand_braces(const std::string& text) {
  const size_t open = text.find('{');
  if (open == std::string::npos) return {text};
  int depth = 0;
  std::vector<std::string> choices;
  size_t begin = open + 1;
  for (size_t i = open; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    const bool closes = text[i] == '}' && --depth == 0;
    if (!closes && !(text[i] == ',' && depth == 1)) continue;
    choices.push_back(text.substr(begin, i - begin));
    begin = i + 1;
    if (!closes) continue;
    std::vector<std::string> expanded;
    for (const std::string& choice : choices) {
      for (std::string& whole : expand_braces(text.substr(0, open) + choice + text.substr(begin))) {
        if (expanded.size() < kMaxAlternatives) expanded.push_back(std::move(whole));
      }
    }
    return expanded;
  }
  return {text};  // never closed: the brace means itself
}

FoundFile found_file(std::string path, const struct stat& info) {
  return {std::move(path),
          static_cast<uint64_t>(info.st_size),
          {int64_t{info.st_mtim.tv_sec} * 1'000'000 + info.st_mtim.tv_nsec / 1000}};
}

std::string join(const std::string& folder, std::string_view name) {
  std::string path = folder == "/" ? folder : folder + "/";
  return path.append(name);
}

// One walk down from a folder.
class Walk {
 public:
  Status visit(const std::string& folder, std::span<const std::string> pattern) {
    if (pattern.front() == "**") return descend(folder, pattern);
    if (is_magic(pattern.front())) return visit_entries(folder, pattern, false);
    return visit_entry(join(folder, pattern.front()), pattern, false);
  }

  // Each path once, however many ways of the pattern lead to it.
  std::vector<FoundFile> take() {
    std::vector<FoundFile> files;
    for (auto& [path, file] : files_) files.push_back(std::move(file));
    return files;
  }

 private:
  // What vanished while we looked is not there, nor is what a link names that leads nowhere or back
  // to itself; anything else must be known.
  static Status skip_or_fail(int error, const std::string& path) {
    if (error == ENOENT || error == ENOTDIR || error == ELOOP) return ok_status();
    return errno_status(error, "listing", path);
  }

  // A `**`: in `folder` and below it. A link to a folder that we are already in is not followed.
  Status descend(const std::string& folder, std::span<const std::string> pattern) {
    struct stat info;
    if (::stat(folder.c_str(), &info) != 0) return skip_or_fail(errno, folder);
    const std::pair<dev_t, ino_t> id{info.st_dev, info.st_ino};
    if (std::find(inside_.begin(), inside_.end(), id) != inside_.end()) return ok_status();
    inside_.push_back(id);
    Status status = pattern.size() > 1 ? visit(folder, pattern.subspan(1)) : ok_status();
    if (status.ok()) status = visit_entries(folder, pattern, true);
    inside_.pop_back();
    return status;
  }

  Status visit_entries(const std::string& folder, std::span<const std::string> pattern, bool any) {
    const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder.c_str()), ::closedir);
    if (dir == nullptr) return skip_or_fail(errno, folder);
    while (true) {
      errno = 0;
      const dirent* entry = ::readdir(dir.get());
      if (entry == nullptr) {
        return errno == 0 ? ok_status() : errno_status(errno, "listing", folder);
      }
      const std::string_view name = entry->d_name;
      if (name.front() == '.') continue;
      if (!any && !name_matches(pattern.front(), name)) continue;
      if (entry->d_type == DT_REG && pattern.size() > 1) continue;
      RETURN_IF_ERROR(visit_entry(join(folder, name), pattern, any));
    }
  }

  // `any`: the entry was met by a `**`, which goes on below it.
  Status visit_entry(const std::string& path, std::span<const std::string> pattern, bool any) {
    struct stat info;
    if (::stat(path.c_str(), &info) != 0) return skip_or_fail(errno, path);
    if (S_ISDIR(info.st_mode)) {
      if (any) return visit(path, pattern);
      return pattern.size() > 1 ? visit(path, pattern.subspan(1)) : ok_status();
    }
    if (S_ISREG(info.st_mode) && pattern.size() == 1) files_.emplace(path, found_file(path, info));
    return ok_status();
  }

  std::vector<std::pair<dev_t, ino_t>> inside_;
  std::unordered_map<std::string, FoundFile> files_;
};

}  // namespace

bool name_matches(std::string_view pattern, std::string_view name) {
  size_t p = 0, n = 0;
  size_t star = std::string_view::npos, star_name = 0;  // where to go back to
  // The length of a [set] at `p`, and whether it holds `c`; 0 if it is never closed.
  const auto match_set = [&](size_t at, char c) -> std::pair<size_t, bool> {
    size_t i = at + 1;
    const bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
    if (negated) ++i;
    bool inside = false;
    for (bool first = true; i < pattern.size() && (first || pattern[i] != ']'); first = false) {
      const char low = pattern[i];
      char high = low;
      if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
        high = pattern[i + 2];
        i += 2;
      }
      inside |= low <= c && c <= high;
      ++i;
    }
    if (i >= pattern.size()) return {0, false};
    return {i + 1 - at, inside != negated};
  };
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_name = n;
      continue;
    }
    size_t step = 0;
    if (p < pattern.size()) {
      const auto [length, inside] =
          pattern[p] == '[' ? match_set(p, name[n]) : std::pair<size_t, bool>{0, false};
      if (length > 0) {
        step = inside ? length : 0;
      } else if (pattern[p] == '?' || pattern[p] == name[n]) {
        step = 1;
      }
    }
    if (step > 0) {
      p += step;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++star_name;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Glob::Glob(std::string_view path, const std::filesystem::path& root) {
  const std::string whole =
      std::filesystem::absolute(path.starts_with('/') ? std::filesystem::path(path) : root / path)
          .string();
  bool magic = false;
  for (std::string& name : split_names(whole)) {
    magic = magic || is_magic(name);
    if (magic) {
      pattern_.push_back(std::move(name));
    } else if (name == ".." && !base_.empty()) {
      base_.erase(base_.rfind('/'));
    } else {
      base_ += "/" + name;
    }
  }
  if (base_.empty()) base_ = "/";
}

std::vector<std::vector<std::string>> Glob::patterns() const {
  std::string joined;
  for (const std::string& name : pattern_) joined += (joined.empty() ? "" : "/") + name;
  std::vector<std::vector<std::string>> patterns;
  for (const std::string& one : expand_braces(joined)) patterns.push_back(split_names(one));
  return patterns;
}

Result<std::vector<FoundFile>> Glob::find() const {
  struct stat info;
  if (::stat(base_.c_str(), &info) != 0) {
    // A plain path may name a file that is still to come, in a folder that is there.
    const std::string parent = std::filesystem::path(base_).parent_path().string();
    if (errno == ENOENT && !has_wildcard() && ::stat(parent.c_str(), &info) == 0) {
      return std::vector<FoundFile>{};
    }
    if (errno != ENOENT) return errno_status(errno, "listing", base_);
    return not_found("the folder " + (has_wildcard() ? base_ : parent) +
                     " does not exist; make it, or correct 'path'");
  }
  if (!has_wildcard() && S_ISREG(info.st_mode)) {
    return std::vector<FoundFile>{found_file(base_, info)};
  }
  Walk walk;
  const std::vector<std::string> everything = {"*"};
  if (!has_wildcard()) {
    RETURN_IF_ERROR(walk.visit(base_, everything));
    return walk.take();
  }
  if (!S_ISDIR(info.st_mode)) {
    return not_found(base_ + " is a file, not a folder; correct 'path'");
  }
  for (const std::vector<std::string>& pattern : patterns()) {
    if (!pattern.empty()) RETURN_IF_ERROR(walk.visit(base_, pattern));
  }
  return walk.take();
}

bool looks_into(std::string_view path, std::string_view written) {
  const std::filesystem::path root = "/";
  std::string base = Glob(path, root).base() + "/";
  std::string folder = (root / written).lexically_normal().string();
  if (!folder.ends_with('/')) folder += '/';
  return base.starts_with(folder);
}

}  // namespace lakeward::connectors::file
