#include "cli/build_info.h"

namespace lakeward::cli {

// The macros come from CMakeLists.txt, for this file alone.
BuildInfo build_info() {
  return {.version = LAKEWARD_VERSION,
          .build_type = LAKEWARD_BUILD_TYPE,
          .compiler = LAKEWARD_COMPILER,
          .system = LAKEWARD_SYSTEM};
}

}  // namespace lakeward::cli
