// What a `from: file:` block may say.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/options.h"

namespace lakeward::connectors::file {

// Where folders are, as kafka's topics are at brokers: see stream::Destination.
inline constexpr const char* kFileSystem = "file system";

enum class Start { kEarliest, kLatest };
std::vector<std::pair<std::string, Start>> option_choices(Start);

struct FileSourceOptions {
  std::string path;
  Start start = Start::kEarliest;
  Duration settle{1'000'000};
};

const config::OptionSet<FileSourceOptions>& file_source_options();

}  // namespace lakeward::connectors::file
