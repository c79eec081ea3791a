#include "cli/verbs.h"

namespace lakeward::cli {

void add_all_verbs(CommandLine& line) {
  add_init(line);
  add_validate(line);
  add_doctor(line);
  add_plan(line);
  add_run(line);
  add_test(line);
  add_peek(line);
  add_query(line);
  add_tables(line);
  add_history(line);
  add_describe(line);
  add_optimize(line);
  add_vacuum(line);
  add_status(line);
  add_dlq(line);
  add_simulate(line);
  add_topics(line);
  add_version(line);
  add_completion(line);
  add_unsupported(line);
}

}  // namespace lakeward::cli
