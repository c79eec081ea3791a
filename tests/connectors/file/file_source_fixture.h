// A folder of input and file sources over it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "connectors/file/input_folder.h"
#include "connectors/source_driver.h"

namespace lakeward::test {

using Epochs = std::vector<std::vector<std::string>>;
inline constexpr Duration kOld = std::chrono::hours(1);

class FileSource : public ::testing::Test {
 protected:
  std::filesystem::path input(const std::string& name) { return world.folder.path() / "in" / name; }
  void put(const std::string& name, std::string_view bytes, Duration age = kOld) {
    write_file(input(name), bytes, {(world.clock.now().micros) - age.count()});
  }
  SourceRun start(const std::string& path = "in/*", OptionList more = {},
                  const format::Format* format = nullptr) {
    more.emplace_back("path", scalar(path));
    SourceRun run(world, "file", options(more), format);
    const Status status = run.attach();
    EXPECT_TRUE(status.ok()) << status.message();
    return run;
  }

  World world;
};

}  // namespace lakeward::test
