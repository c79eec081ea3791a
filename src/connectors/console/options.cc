#include "connectors/console/options.h"

namespace lakeward::connectors::console {

std::vector<std::pair<std::string, Form>> option_choices(Form) {
  return {{"json", Form::kJson}, {"table", Form::kTable}};
}

const config::OptionSet<ConsoleOptions>& console_options() {
  static const config::OptionSet<ConsoleOptions> options = {
      {"format", &ConsoleOptions::format, config::default_to(Form::kJson),
       "json: one object a line; table: aligned columns, at most 1,000 rows an epoch."},
      {"limit", &ConsoleOptions::limit, config::default_to(uint64_t{0}),
       "How many rows of an epoch are shown at most; 0: all."},
  };
  return options;
}

}  // namespace lakeward::connectors::console
