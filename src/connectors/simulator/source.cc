#include "connectors/simulator/source.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/units.h"
#include "checkpoint/source_log.h"
#include "connectors/declared_options.h"
#include "connectors/simulator/record_reader.h"

namespace lakeward::connectors::simulator {
namespace {

// In the source's folder in the checkpoint: what the records are made of.
constexpr const char* kDefinition = "generator";
// An epoch of a pipeline without limits.
constexpr uint64_t kDefaultRows = 1'000'000;
constexpr uint64_t kSampleRecords = 64;

Result<uint64_t> parse_offset(std::string_view offset) {
  const nlohmann::json json = nlohmann::json::parse(offset, nullptr, false);
  if (!json.is_object() || !json.contains("next") || !json["next"].is_number_unsigned()) {
    return corruption("the checkpoint's offset '" + std::string(offset.substr(0, 200)) +
                      "' is not a simulator's; the checkpoint belongs to another source: put "
                      "that back, or remove the checkpoint to begin anew");
  }
  return json["next"].get<uint64_t>();
}

Result<uint64_t> parse_begin(const std::optional<stream::Offset>& offset) {
  return offset ? parse_offset(*offset) : Result<uint64_t>(uint64_t{0});
}

uint64_t mean_record_bytes(const Generator& generator) {
  std::string buffer(Generator::kMaxRecordBytes, '\0');
  uint64_t bytes = 0;
  for (uint64_t k = 0; k < kSampleRecords; ++k) {
    bytes += static_cast<uint64_t>(generator.write(k, buffer.data()) - buffer.data());
  }
  return std::max<uint64_t>(1, bytes / kSampleRecords);
}

// What must not change while a checkpoint lasts.
nlohmann::json definition_of(const SimulatorOptions& options) {
  return {{"name", options.name}, {"seed", options.seed}, {"invalid", options.invalid}};
}

}  // namespace

SimulatorSource::SimulatorSource(SimulatorOptions options, Clock& clock)
    : options_(std::move(options)), clock_(clock) {}

Status SimulatorSource::attach(checkpoint::SourceLog& log) {
  nlohmann::json definition;
  const Result<std::string> kept = log.read_file(kDefinition);
  if (kept.ok()) {
    definition = nlohmann::json::parse(*kept, nullptr, false);
    const nlohmann::json wanted = definition_of(options_);
    for (const auto& [key, value] : wanted.items()) {
      if (!definition.is_object() || definition.value(key, nlohmann::json()) != value) {
        return invalid_argument("simulator: the checkpoint was begun with " + *kept + ", but '" +
                                key + "' is " + value.dump() +
                                " now; put it back, or remove the checkpoint to begin anew");
      }
    }
    if (!definition.contains("start_us") || !definition.contains("step_us")) {
      return corruption("simulator: the checkpoint's file '" + std::string(kDefinition) +
                        "' lacks start_us or step_us: " + *kept);
    }
  } else if (kept.status().code() == StatusCode::kNotFound) {
    Timestamp start = clock_.now();
    if (!options_.start_time.empty()) {
      ASSIGN_OR_RETURN(start, parse_timestamp(options_.start_time));
    }
    definition = definition_of(options_);
    definition["start_us"] = start.micros;
    definition["step_us"] =
        options_.rate > 0 ? std::max<int64_t>(1, std::llround(1e6 / options_.rate)) : 1000;
    RETURN_IF_ERROR(log.write_file(kDefinition, definition.dump()));
  } else {
    return kept.status();
  }
  ASSIGN_OR_RETURN(
      generator_,
      make_generator(options_.name, {.seed = options_.seed,
                                     .start = {definition["start_us"].get<int64_t>()},
                                     .step = Duration{definition["step_us"].get<int64_t>()},
                                     .invalid = options_.invalid}));
  mean_bytes_ = mean_record_bytes(*generator_);
  return ok_status();
}

uint64_t SimulatorSource::due(uint64_t next) {
  const uint64_t count = options_.count.value_or(UINT64_MAX);
  if (options_.rate == 0) return count;
  const Timestamp now = clock_.now();
  if (!pace_) pace_ = {now, next};
  const double seconds = static_cast<double>((now - pace_->since).count()) / 1e6;
  const auto passed = static_cast<uint64_t>(std::max(0.0, seconds) * options_.rate);
  return std::min(count, pace_->first + passed);
}

Result<std::optional<stream::Offset>> SimulatorSource::plan(
    const std::optional<stream::Offset>& from, const stream::Limits& limits, stream::PlanMode mode,
    std::stop_token) {
  ASSIGN_OR_RETURN(const uint64_t begin, parse_begin(from));
  uint64_t end = due(begin);
  if (mode == stream::PlanMode::kDrain) {
    if (!options_.count) {
      return invalid_argument(
          "simulator: '--once' reads all there is, and without 'count' the records never end; set "
          "'count'");
    }
    end = *options_.count;
  }
  uint64_t most = limits.rows > 0 ? limits.rows : kDefaultRows;
  if (limits.bytes > 0) {
    most = std::min(most, std::max<uint64_t>(1, limits.bytes / mean_bytes_));
  }
  if (begin >= end) return std::optional<stream::Offset>();
  end = begin + std::min(end - begin, most);
  return std::optional<stream::Offset>("{\"next\":" + std::to_string(end) + "}");
}

Result<stream::Input> SimulatorSource::read(const stream::ReadRequest& request) {
  ASSIGN_OR_RETURN(const uint64_t begin, parse_begin(request.range.from));
  ASSIGN_OR_RETURN(const uint64_t end, parse_offset(request.range.to));
  std::vector<uint64_t> only(request.only.begin(), request.only.end());
  return stream::Input(make_record_reader(generator_, begin, end, std::move(only)));
}

Status SimulatorSource::acknowledge(const stream::Offset&) { return ok_status(); }

Result<stream::SourceLag> SimulatorSource::lag(const std::optional<stream::Offset>& committed) {
  ASSIGN_OR_RETURN(const uint64_t next, parse_begin(committed));
  stream::SourceLag lag;
  lag.position = "record " + format_count(next);
  if (options_.rate > 0) {
    const uint64_t end = due(next);
    lag.records = end > next ? end - next : 0;
  }
  return lag;
}

stream::SourceType source_type() {
  return {
      .doc = "Realistic test records, made at a steady rate; the same seed gives the same ones.",
      .options = simulator_options().infos(),
      .check = make_check<SimulatorOptions>(simulator_options, check_simulator_options),
      .make = [](const stream::SourceArguments& arguments,
                 stream::Environment& environment) -> Result<std::unique_ptr<stream::Source>> {
        ASSIGN_OR_RETURN(SimulatorOptions options,
                         parse_options(simulator_options(), arguments.options));
        return std::unique_ptr<stream::Source>(
            std::make_unique<SimulatorSource>(std::move(options), environment.clock));
      }};
}

}  // namespace lakeward::connectors::simulator
