// Where the repository's files are, for tests that read them.
#pragma once

#include <filesystem>

#include "base/check.h"

namespace lakeward::test {

// The nearest folder at or above the working directory that has tests/support: tests run below
// build/ inside the repository.
inline std::filesystem::path source_folder() {
  std::filesystem::path folder = std::filesystem::current_path();
  while (!std::filesystem::exists(folder / "tests/support/source_folder.h")) {
    CHECK(folder.has_parent_path() && folder != folder.parent_path(),
          "tests must run inside the repository");
    folder = folder.parent_path();
  }
  return folder;
}

}  // namespace lakeward::test
