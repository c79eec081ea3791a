// What a `from: simulator:` block may say.
#pragma once

#include <optional>
#include <string>

#include "config/options.h"

namespace lakeward::connectors::simulator {

struct SimulatorOptions {
  std::string name;
  double rate = 1000;
  std::optional<uint64_t> count;
  uint64_t seed = 0;
  double invalid = 0;
  std::string start_time;
};

const config::OptionSet<SimulatorOptions>& simulator_options();
void check_simulator_options(const SimulatorOptions& options, const config::Value& value,
                             config::Problems& problems);

}  // namespace lakeward::connectors::simulator
