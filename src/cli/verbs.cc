#include "cli/verbs.h"

namespace lakeward::cli {

void add_all_verbs(CommandLine& line) {
  add_init(line);
  add_simulate(line);
  add_version(line);
  add_completion(line);
}

}  // namespace lakeward::cli
