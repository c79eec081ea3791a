// Test data on the command line.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "cli/command.h"
#include "connectors/simulator/generators.h"

namespace lakeward::cli {

struct SimulateOptions {
  std::string name;
  std::optional<double> rate;
  std::optional<uint64_t> count;
  std::optional<uint64_t> seed;
  std::optional<double> invalid;
  std::string start;
  std::optional<Duration> step;
  std::string to;
  std::string serve;
};

// Answers HTTP until stopped: each record is made for the request that asks for it, at its time.
// Errors: InvalidArgument (not HOST:PORT, unknown name), IoError (the address cannot be used).
Status serve_records(const SimulateOptions& options, const Common& common, const Clock& clock,
                     std::stop_token stop);

}  // namespace lakeward::cli
