#include "cli/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "base/secret.h"
#include "cli/text_table.h"

namespace lakeward::cli {
namespace {

// %*: the message without secrets.
class MaskedMessage final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& line) override {
    const std::string text =
        mask_secrets(std::string(message.payload.data(), message.payload.size()));
    line.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<MaskedMessage>();
  }
};

}  // namespace

void start_log(const Common& common) {
  const auto mode =
      Screen::of_stderr().color ? spdlog::color_mode::automatic : spdlog::color_mode::never;
  auto logger = std::make_shared<spdlog::logger>(
      "lakeward", std::make_shared<spdlog::sinks::stderr_color_sink_mt>(mode));
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<MaskedMessage>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %*");
  logger->set_formatter(std::move(formatter));
  logger->set_level(common.quiet            ? spdlog::level::err
                    : common.verbosity == 0 ? spdlog::level::warn
                    : common.verbosity == 1 ? spdlog::level::info
                                            : spdlog::level::debug);
  spdlog::set_default_logger(logger);
}

}  // namespace lakeward::cli
