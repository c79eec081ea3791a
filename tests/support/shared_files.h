// Where tests find files that are too large for the repository, or not ours to keep in it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace lakeward::test {

// The root of the source tree (CMake says where).
inline std::filesystem::path source_folder() { return LAKEWARD_SOURCE_DIR; }

// `name` in the shared folder: $LAKEWARD_SHARED, else "shared" beside the source tree or beside its
// parents. nullopt if it is not there; then skip_or_fail().
inline std::optional<std::filesystem::path> shared_file(const std::string& name) {
  if (const char* folder = std::getenv("LAKEWARD_SHARED")) {
    const auto path = std::filesystem::path(folder) / name;
    return std::filesystem::exists(path) ? std::optional(path) : std::nullopt;
  }
  for (auto folder = source_folder(); folder.has_relative_path(); folder = folder.parent_path()) {
    const auto path = folder.parent_path() / "shared" / name;
    if (std::filesystem::exists(path)) return path;
  }
  return std::nullopt;
}

// On a build server every test must run.
inline bool must_not_skip() {
  const char* ci = std::getenv("CI");
  return ci != nullptr && std::string(ci) == "true";
}

}  // namespace lakeward::test
