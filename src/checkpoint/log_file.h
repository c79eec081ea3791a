// One numbered text file of a checkpoint: a version line, then lines. Internal to checkpoint/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lakeward::checkpoint {

// "12" → 12; nullopt for anything that is not all digits, or has zeros in front.
std::optional<int64_t> parse_number(std::string_view name);

// The part of a path after the last '/'.
std::string_view file_name(std::string_view path);

// The lines after the version line; a newline at the end of the file is allowed. Errors:
// Corruption, naming `path`, if the version line is missing; Unsupported for a version other than
// v1.
Result<std::vector<std::string>> parse_log_file(std::string_view path, std::string_view bytes);

// The same bytes as Spark writes: no newline after the last line.
std::string format_log_file(const std::vector<std::string>& lines);

}  // namespace lakeward::checkpoint
