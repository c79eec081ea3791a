// What every connector does with its declared options.
#pragma once

#include <functional>
#include <string>

#include "base/status.h"
#include "config/options.h"

namespace lakeward::connectors {

// A check of options against their declaration, and then by `extra` (called only if the declaration
// is kept): what a SourceType or SinkType needs.
template <typename T>
std::function<void(const config::Value&, config::Problems&)> make_check(
    const config::OptionSet<T>& (*options)(),
    std::function<void(const T&, const config::Value&, config::Problems&)> extra = nullptr) {
  return [options, extra](const config::Value& value, config::Problems& problems) {
    const size_t before = problems.size();
    const T parsed = options().parse(value, problems);
    if (extra && problems.size() == before) extra(parsed, value, problems);
  };
}

// The options as a struct. Errors: InvalidArgument with the first problem.
template <typename T>
Result<T> parse_options(const config::OptionSet<T>& options, const config::Value& value) {
  config::Problems problems;
  T parsed = options.parse(value, problems);
  if (!problems.empty()) return invalid_argument(problems.front().to_string());
  return parsed;
}

}  // namespace lakeward::connectors
