#include "test_registry.h"

#include <optional>
#include <utility>

namespace lakeward::project {
namespace {

using config::default_to;
using config::optional;
using config::OptionSet;
using config::required;

struct FileSource {
  std::string path, start;
  Duration settle{};
};
struct HttpSource {
  std::string url, records;
  Duration every{};
  config::StringMap headers;
  SecretString token;
};
struct DeltaSource {
  std::string table, start;
};
struct SimulatorSource {
  std::string name;
  uint64_t rate = 0, count = 0, seed = 0;
};
struct DeltaSink {
  std::string table, mode;
  std::vector<std::string> partition_by;
};
struct FileSink {
  std::string path, format;
};
struct ConsoleSink {
  bool color = false;
};

const OptionSet<FileSource>& file_source() {
  static const OptionSet<FileSource> options = {
      {"path", &FileSource::path, required(), "Which files to read."},
      {"start", &FileSource::start, optional(), "Where to begin."},
      {"settle", &FileSource::settle, optional(), "How long to wait."}};
  return options;
}
const OptionSet<HttpSource>& http_source() {
  static const OptionSet<HttpSource> options = {
      {"url", &HttpSource::url, required(), "What to ask."},
      {"every", &HttpSource::every, optional(), "How often."},
      {"records", &HttpSource::records, optional(), "Where in the answer."},
      {"headers", &HttpSource::headers, optional(), "What to send."},
      {"token", &HttpSource::token, optional(), "Who asks."}};
  return options;
}
const OptionSet<DeltaSource>& delta_source() {
  static const OptionSet<DeltaSource> options = {
      {"table", &DeltaSource::table, required(), "Which table."},
      {"start", &DeltaSource::start, optional(), "Where to begin."}};
  return options;
}
const OptionSet<SimulatorSource>& simulator_source() {
  static const OptionSet<SimulatorSource> options = {
      {"name", &SimulatorSource::name, required(), "What to simulate."},
      {"rate", &SimulatorSource::rate, optional(), "How fast."},
      {"count", &SimulatorSource::count, optional(), "How many."},
      {"seed", &SimulatorSource::seed, optional(), "Which."}};
  return options;
}
const OptionSet<DeltaSink>& delta_sink() {
  static const OptionSet<DeltaSink> options = {
      {"table", &DeltaSink::table, required(), "Which table."},
      {"mode", &DeltaSink::mode, default_to(std::string("append")), "append or overwrite."},
      {"partition_by", &DeltaSink::partition_by, optional(), "By which columns."}};
  return options;
}
const OptionSet<FileSink>& file_sink() {
  static const OptionSet<FileSink> options = {
      {"path", &FileSink::path, required(), "Which folder."},
      {"format", &FileSink::format, optional(), "What kind of files."}};
  return options;
}
const OptionSet<ConsoleSink>& console_sink() {
  static const OptionSet<ConsoleSink> options = {
      {"color", &ConsoleSink::color, optional(), "Whether in color."}};
  return options;
}

template <typename Type, typename T>
Type declared(const OptionSet<T>& (*options)(), bool reads_records = true) {
  Type type;
  type.options = options().infos();
  type.check = [options](const config::Value& value, config::Problems& problems) {
    options().parse(value, problems);
  };
  if constexpr (requires { type.reads_records; }) type.reads_records = reads_records;
  return type;
}

}  // namespace

stream::Registry make_test_registry() {
  using stream::SinkType;
  using stream::SourceType;
  stream::Registry registry;
  auto files = declared<SourceType>(file_source);
  files.reads = [](const config::Value& options, const stream::Destination& destination) {
    return options.find("path")->text() == destination.name;
  };
  registry.add_source("file", std::move(files));
  registry.add_source("http", declared<SourceType>(http_source));
  registry.add_source("delta", declared<SourceType>(delta_source, false));
  registry.add_source("simulator", declared<SourceType>(simulator_source));
  registry.add_sink("delta", declared<SinkType>(delta_sink));
  auto file = declared<SinkType>(file_sink);
  file.holds = [](const std::string& pipeline, const config::Value& options) {
    const config::Value* format = options.find("format");
    if (format == nullptr || format->text() != "locked") return std::string();
    return "the lock '" + options.find("path")->text() + "' of " + pipeline;
  };
  file.destination = [](const config::Value& options) -> std::optional<stream::Destination> {
    const std::string path = options.find("path")->text();
    return stream::Destination{{}, path, "the folder '" + path + "'"};
  };
  registry.add_sink("file", std::move(file));
  registry.add_sink("console", declared<SinkType>(console_sink));
  return registry;
}

}  // namespace lakeward::project
