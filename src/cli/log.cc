#include "cli/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "cli/text_table.h"

namespace lakeward::cli {

void start_log(const Common& common) {
  const auto mode =
      Screen::of_stderr().color ? spdlog::color_mode::automatic : spdlog::color_mode::never;
  auto logger = std::make_shared<spdlog::logger>(
      "lakeward", std::make_shared<spdlog::sinks::stderr_color_sink_mt>(mode));
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
  logger->set_level(common.quiet            ? spdlog::level::err
                    : common.verbosity == 0 ? spdlog::level::warn
                    : common.verbosity == 1 ? spdlog::level::info
                                            : spdlog::level::debug);
  spdlog::set_default_logger(logger);
}

}  // namespace lakeward::cli
