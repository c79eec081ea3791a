// What a `to: console:` block may say.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "config/options.h"

namespace lakeward::connectors::console {

enum class Form { kJson, kTable };
std::vector<std::pair<std::string, Form>> option_choices(Form);

struct ConsoleOptions {
  Form format = Form::kJson;
  uint64_t limit = 0;
};
const config::OptionSet<ConsoleOptions>& console_options();

}  // namespace lakeward::connectors::console
