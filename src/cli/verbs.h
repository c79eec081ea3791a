// The verbs, a file each. add_all_verbs() has the order of the list that --help shows.
#pragma once

#include "cli/command.h"

namespace lakeward::cli {

void add_all_verbs(CommandLine& line);

void add_completion(CommandLine& line);
void add_describe(CommandLine& line);
void add_history(CommandLine& line);
void add_optimize(CommandLine& line);
void add_vacuum(CommandLine& line);
void add_query(CommandLine& line);
void add_run(CommandLine& line);
void add_tables(CommandLine& line);
void add_simulate(CommandLine& line);
void add_init(CommandLine& line);
void add_dlq(CommandLine& line);
void add_peek(CommandLine& line);
void add_plan(CommandLine& line);
void add_status(CommandLine& line);
void add_unsupported(CommandLine& line);
void add_validate(CommandLine& line);
void add_doctor(CommandLine& line);
void add_test(CommandLine& line);
void add_topics(CommandLine& line);
void add_version(CommandLine& line);

}  // namespace lakeward::cli
