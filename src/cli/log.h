// Log lines on stderr, as -v asks for them. The only file that sets up spdlog.
#pragma once

#include "cli/command.h"

namespace lakeward::cli {

// Without -v: warnings; -v: what happens; -vv: details; --quiet: errors only.
void start_log(const Common& common);

}  // namespace lakeward::cli
