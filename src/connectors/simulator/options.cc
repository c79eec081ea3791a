#include "connectors/simulator/options.h"

#include "base/units.h"
#include "connectors/simulator/generators.h"

namespace lakeward::connectors::simulator {

using config::default_to;
using config::optional;
using config::required;

const config::OptionSet<SimulatorOptions>& simulator_options() {
  static const config::OptionSet<SimulatorOptions> options = {
      {"name", &SimulatorOptions::name, required(),
       "Which records to make: sensors, iot, bonds, events or users."},
      {"rate", &SimulatorOptions::rate, default_to(1000.0),
       "Records a second; 0: as many as the pipeline can take. `--once` does not wait: it takes "
       "all "
       "records up to 'count' at once."},
      {"count", &SimulatorOptions::count, optional(),
       "How many records there are in all; without it they never end."},
      {"seed", &SimulatorOptions::seed, default_to(uint64_t{0}),
       "The same seed gives the same records."},
      {"invalid", &SimulatorOptions::invalid, default_to(0.0),
       "The share of records, 0 to 1, that break a rule: out of range, null, missing, of a wrong "
       "type, with an impossible time, or malformed JSON."},
      {"start_time", &SimulatorOptions::start_time, optional(),
       "The time in the first record, in ISO 8601; default: when the pipeline first starts. Each "
       "record is one 'rate'-th of a second later than the one before (rate 0: a millisecond)."},
  };
  return options;
}

void check_simulator_options(const SimulatorOptions& options, const config::Value& value,
                             config::Problems& problems) {
  const auto place = [&](const char* key) {
    const config::Value* given = value.find(key);
    return given == nullptr ? value.location() : given->location();
  };
  const auto generator = make_generator(options.name, {});
  if (!generator.ok()) problems.push_back({place("name"), generator.status().message()});
  if (!(options.rate >= 0 && options.rate <= 1e9)) {
    problems.push_back({place("rate"), "'rate' must be from 0 to 1,000,000,000 records a second"});
  }
  if (!(options.invalid >= 0 && options.invalid <= 1)) {
    problems.push_back({place("invalid"), "'invalid' must be from 0 to 1"});
  }
  if (!options.start_time.empty() && !parse_timestamp(options.start_time).ok()) {
    problems.push_back(
        {place("start_time"), "'start_time' must be a time such as 2026-01-01T00:00:00Z, not '" +
                                  options.start_time + "'"});
  }
}

}  // namespace lakeward::connectors::simulator
