// What `from: delta:` and `to: delta:` blocks may say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/status.h"
#include "config/options.h"

namespace lakeward::connectors::delta {

enum class OnChange { kFail, kIgnore, kSkip };
std::vector<std::pair<std::string, OnChange>> option_choices(OnChange);

struct DeltaSourceOptions {
  std::string table;
  std::string start;
  OnChange on_change = OnChange::kFail;
};

enum class Mode { kAppend, kOverwrite };
std::vector<std::pair<std::string, Mode>> option_choices(Mode);

// Whether the sink merges small files beside its commits.
enum class Compact { kAuto, kOff };
std::vector<std::pair<std::string, Compact>> option_choices(Compact);

struct DeltaSinkOptions {
  std::string table;
  Mode mode = Mode::kAppend;
  std::vector<std::string> partition_by;
  bool evolve_schema = false;
  Compact compact = Compact::kAuto;
  config::StringMap properties;
};

// Where a source without a checkpoint begins.
struct StartEarliest {};
struct StartLatest {};
struct StartVersion {
  int64_t version = 0;
};
using Start = std::variant<StartEarliest, StartLatest, StartVersion, Timestamp>;
// "earliest", "latest", "version 12" or a time. Errors: InvalidArgument.
Result<Start> parse_start(const std::string& text);

// The folder of "silver.sensor_data" in the lake: "silver/sensor_data". Errors: InvalidArgument.
Result<std::string> table_folder(const std::string& table);

const config::OptionSet<DeltaSourceOptions>& delta_source_options();
const config::OptionSet<DeltaSinkOptions>& delta_sink_options();
void check_source_options(const DeltaSourceOptions& options, const config::Value& value,
                          config::Problems& problems);
void check_sink_options(const DeltaSinkOptions& options, const config::Value& value,
                        config::Problems& problems);

}  // namespace lakeward::connectors::delta
