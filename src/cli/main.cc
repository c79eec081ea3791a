// The program: the one place, beside the registry of connectors, that knows all parts.
#include <clocale>
#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/masked_stream.h"
#include "cli/verbs.h"

int main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "C.UTF-8");  // for the width of characters
  std::signal(SIGPIPE, SIG_IGN);        // a closed pipe is an error of a write, not a death
  const lakeward::cli::MaskedStream masked(std::cerr);
  lakeward::cli::CommandLine line;
  lakeward::cli::add_all_verbs(line);
  return line.run(std::vector<std::string>(argv + 1, argv + argc));
}
