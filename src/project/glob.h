// Files by pattern.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/status.h"

namespace lakeward::project {

// The regular files below `root` that match `pattern` ('/'-separated; *, ?, [a-z] within a name;
// ** for any number of folders), as paths relative to `root`, sorted. Hidden files match only a
// pattern that names their dot. Errors: IoError for a folder that cannot be listed.
Result<std::vector<std::string>> match_files(const std::filesystem::path& root,
                                             const std::string& pattern);

// Whether the text is more than a plain path.
bool is_pattern(const std::string& text);

}  // namespace lakeward::project
