// A folder that is gone after the test.
#pragma once

#include <filesystem>
#include <system_error>

#include "base/random.h"

namespace lakeward::test {

class TempFolder {
 public:
  TempFolder() {
    Random random = Random::from_entropy();
    path_ = std::filesystem::temp_directory_path() / ("lakeward-test-" + make_uuid(random));
    std::filesystem::create_directories(path_);
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace lakeward::test
