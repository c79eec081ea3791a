// What this binary is made of.
#pragma once

#include <string>

namespace lakeward::cli {

struct BuildInfo {
  std::string version;     // "0.1.0"
  std::string build_type;  // "Release"
  std::string compiler;    // "GNU 12.2.0"
  std::string system;      // "Linux x86_64"
};

BuildInfo build_info();

}  // namespace lakeward::cli
