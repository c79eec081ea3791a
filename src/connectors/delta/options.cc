#include "connectors/delta/options.h"

#include <charconv>

#include "base/units.h"

namespace lakeward::connectors::delta {

using config::default_to;
using config::optional;
using config::required;

namespace {

const config::Location& place_of(const config::Value& value, const char* key) {
  const config::Value* given = value.find(key);
  return given == nullptr ? value.location() : given->location();
}

}  // namespace

std::vector<std::pair<std::string, OnChange>> option_choices(OnChange) {
  return {{"fail", OnChange::kFail}, {"ignore", OnChange::kIgnore}, {"skip", OnChange::kSkip}};
}

std::vector<std::pair<std::string, Mode>> option_choices(Mode) {
  return {{"append", Mode::kAppend}, {"overwrite", Mode::kOverwrite}};
}

std::vector<std::pair<std::string, Compact>> option_choices(Compact) {
  return {{"auto", Compact::kAuto}, {"off", Compact::kOff}};
}

const config::OptionSet<DeltaSourceOptions>& delta_source_options() {
  static const config::OptionSet<DeltaSourceOptions> options = {
      {"table", &DeltaSourceOptions::table, required(),
       "The table whose appended rows are read, for example bronze.sensor_data. It may not exist "
       "yet."},
      {"start", &DeltaSourceOptions::start, default_to(std::string("earliest")),
       "Where a pipeline without a checkpoint begins: earliest (all rows that the table has, then "
       "what is appended), latest (only what is appended from now on), 'version N' (what was "
       "appended by version N and later), or a time (by the first version at or after it)."},
      {"on_change", &DeltaSourceOptions::on_change, default_to(OnChange::kFail),
       "What a version that deletes or overwrites rows does: fail; ignore (the rows that it adds "
       "are "
       "read, what it removes is not undone); skip (nothing of the version is read)."},
  };
  return options;
}

const config::OptionSet<DeltaSinkOptions>& delta_sink_options() {
  static const config::OptionSet<DeltaSinkOptions> options = {
      {"table", &DeltaSinkOptions::table, required(),
       "The table to write, for example silver.sensor_data; made if it does not exist."},
      {"mode", &DeltaSinkOptions::mode, default_to(Mode::kAppend),
       "append, or overwrite: each epoch replaces the whole table."},
      {"partition_by", &DeltaSinkOptions::partition_by, optional(),
       "Columns by whose values the files are kept apart. Of an existing table they must be its "
       "own."},
      {"evolve_schema", &DeltaSinkOptions::evolve_schema, default_to(false),
       "Whether columns that the table does not have yet are added to it."},
      {"compact", &DeltaSinkOptions::compact, default_to(Compact::kAuto),
       "Whether small files are merged while the pipeline appends: auto (in the background, from "
       "the "
       "16th commit of a run on), or off."},
      {"properties", &DeltaSinkOptions::properties, optional(),
       "Properties of a new table, for example delta.appendOnly: true."},
  };
  return options;
}

Result<Start> parse_start(const std::string& text) {
  if (text == "earliest") return Start(StartEarliest{});
  if (text == "latest") return Start(StartLatest{});
  if (text.starts_with("version ")) {
    StartVersion start;
    const char* const begin = text.data() + 8;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(begin, end, start.version);
    if (error == std::errc() && stop == end && start.version >= 0) return Start(start);
  } else if (const Result<Timestamp> time = parse_timestamp(text); time.ok()) {
    return Start(*time);
  }
  return invalid_argument(
      "'start' must be earliest, latest, 'version N' or a time such as 2026-01-01T00:00:00Z, not "
      "'" +
      text + "'");
}

Result<std::string> table_folder(const std::string& table) {
  const auto refuse = [&](const std::string& why) {
    return invalid_argument("'" + table + "' is not a table's name: " + why +
                            "; write it like silver.sensor_data");
  };
  std::string folder;
  size_t begin = 0;
  while (begin <= table.size()) {
    const size_t end = std::min(table.find('.', begin), table.size());
    const std::string part = table.substr(begin, end - begin);
    if (part.empty()) return refuse("a part of it is empty");
    if (part.front() == '_') return refuse("a part may not begin with '_'");
    for (const char c : part) {
      if (static_cast<unsigned char>(c) < 0x20 ||
          std::string_view("/\\:*?\"<>|'%#").find(c) != std::string_view::npos) {
        return refuse("it holds a character that folders cannot have everywhere");
      }
    }
    folder += (folder.empty() ? "" : "/") + part;
    begin = end + 1;
  }
  return folder;
}

void check_source_options(const DeltaSourceOptions& options, const config::Value& value,
                          config::Problems& problems) {
  if (const auto folder = table_folder(options.table); !folder.ok()) {
    problems.push_back({place_of(value, "table"), folder.status().message()});
  }
  if (const auto start = parse_start(options.start); !start.ok()) {
    problems.push_back({place_of(value, "start"), start.status().message()});
  }
}

void check_sink_options(const DeltaSinkOptions& options, const config::Value& value,
                        config::Problems& problems) {
  if (const auto folder = table_folder(options.table); !folder.ok()) {
    problems.push_back({place_of(value, "table"), folder.status().message()});
  }
}

}  // namespace lakeward::connectors::delta
