// The program: the one place, beside the registry of connectors, that knows all parts.
#include <unistd.h>

#include <clocale>
#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/masked_stream.h"
#include "cli/verbs.h"
#include "connectors/kafka/left_behind.h"

int main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "C.UTF-8");  // for the width of characters
  std::signal(SIGPIPE, SIG_IGN);        // a closed pipe is an error of a write, not a death
  const lakeward::cli::MaskedStream masked(std::cerr);
  lakeward::cli::CommandLine line;
  lakeward::cli::add_all_verbs(line);
  const int code = line.run(std::vector<std::string>(argv + 1, argv + argc));
  if (lakeward::connectors::kafka::calls_left_behind() == 0) return code;
  std::cout << std::flush;
  std::cerr << std::flush;
  _exit(code);
}
