#include "cli/simulate.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iostream>

#include "base/units.h"
#include "cli/interruption.h"
#include "cli/verbs.h"

namespace lakeward::cli {
namespace {

namespace fs = std::filesystem;
using connectors::simulator::Generator;

constexpr double kDefaultRate = 10;           // records a second, if they never end
constexpr Duration kDefaultStep{10'000'000};  // between records that are made all at once
constexpr const char* kDefaultStart = "2026-01-01T00:00:00Z";
constexpr Duration kTick{100'000};          // how often a steady stream is written
constexpr Duration kFilePeriod{1'000'000};  // of a file in a folder
constexpr size_t kBufferBytes = 1 << 20;

// Appends records [from, to) to `out`, a line each.
void append_records(const Generator& generator, uint64_t from, uint64_t to, std::string& out) {
  for (uint64_t k = from; k < to; ++k) {
    const size_t begin = out.size();
    out.resize(begin + Generator::kMaxRecordBytes);
    const char* end = generator.write(k, out.data() + begin);
    out.resize(static_cast<size_t>(end - out.data()));
    out += '\n';
  }
}

class StdoutTarget final : public LineTarget {
 public:
  Status write(const std::string& lines) override {
    std::cout << lines << std::flush;
    return std::cout ? ok_status() : io_error("cannot write to stdout: it was closed or is full");
  }
};

// A file, written beside its place under a hidden name and renamed at the end, so that nobody reads
// half of it. What is no regular file (a pipe, a device), or grows steadily, is written in place.
class FileTarget final : public LineTarget {
 public:
  static Result<std::unique_ptr<FileTarget>> open(const fs::path& path, bool in_place) {
    std::error_code ignored;
    if (path.has_parent_path()) fs::create_directories(path.parent_path(), ignored);
    const fs::file_status status = fs::status(path, ignored);
    const bool direct = in_place || (fs::exists(status) && !fs::is_regular_file(status));
    const fs::path written =
        direct ? path : path.parent_path() / ("." + path.filename().string() + ".tmp");
    auto target = std::unique_ptr<FileTarget>(new FileTarget(path, written));
    target->out_.open(written, std::ios::binary | std::ios::trunc);
    if (!target->out_) return errno_status(errno, "cannot write", written.string());
    return target;
  }
  Status write(const std::string& lines) override {
    out_ << lines << std::flush;
    return out_ ? ok_status() : errno_status(errno, "cannot write", written_.string());
  }
  Status finish() override {
    out_.close();
    if (!out_) return errno_status(errno, "cannot write", written_.string());
    if (written_ == path_) return ok_status();
    std::error_code error;
    fs::rename(written_, path_, error);
    if (error) return io_error("cannot rename to '" + path_.string() + "': " + error.message());
    return ok_status();
  }

 private:
  FileTarget(fs::path path, fs::path written)
      : path_(std::move(path)), written_(std::move(written)) {}
  fs::path path_;
  fs::path written_;
  std::ofstream out_;
};

// A folder that gets a new file each second: what a pipeline with a `file` source follows.
class FolderTarget final : public LineTarget {
 public:
  FolderTarget(fs::path folder, std::string name, const Clock& clock)
      : folder_(std::move(folder)), name_(std::move(name)), clock_(clock) {}

  Status write(const std::string& lines) override {
    lines_ += lines;
    return clock_.now() - begun_ >= kFilePeriod ? finish() : ok_status();
  }
  Status finish() override {
    if (lines_.empty()) return ok_status();
    begun_ = clock_.now();
    const fs::path path = folder_ / (name_ + "-" + std::to_string(begun_.millis()) + ".jsonl");
    ASSIGN_OR_RETURN(const auto file, FileTarget::open(path, false));
    RETURN_IF_ERROR(file->write(lines_));
    RETURN_IF_ERROR(file->finish());
    lines_.clear();
    return ok_status();
  }

 private:
  fs::path folder_;
  std::string name_;
  const Clock& clock_;
  std::string lines_;
  Timestamp begun_;
};

Result<std::unique_ptr<LineTarget>> open_target(const SimulateOptions& options,
                                                const Common& common, const Clock& clock,
                                                const Generator& generator, bool steady,
                                                std::stop_token stop) {
  if (options.to.starts_with(kKafkaPrefix)) {
    return open_kafka_target(options, common, generator, std::move(stop));
  }
  if (options.to.empty() || options.to == "-" || options.to == "stdout") {
    return std::unique_ptr<LineTarget>(std::make_unique<StdoutTarget>());
  }
  std::error_code ignored;
  if (options.to.ends_with('/') || fs::is_directory(options.to, ignored)) {
    return std::unique_ptr<LineTarget>(
        std::make_unique<FolderTarget>(options.to, options.name, clock));
  }
  ASSIGN_OR_RETURN(auto file, FileTarget::open(options.to, steady));
  return std::unique_ptr<LineTarget>(std::move(file));
}

// All at once, in buffers.
Result<uint64_t> write_all(const Generator& generator, uint64_t count, LineTarget& target,
                           std::stop_token stop) {
  std::string buffer;
  uint64_t k = 0;
  while (k < count && !stop.stop_requested()) {
    buffer.clear();
    while (k < count && buffer.size() < kBufferBytes) {
      append_records(generator, k, k + 1, buffer);
      ++k;
    }
    RETURN_IF_ERROR(target.write(buffer));
  }
  return k;
}

// As time passes: record k at k / rate seconds.
Result<uint64_t> write_steadily(const Generator& generator, double rate, uint64_t count,
                                LineTarget& target, Clock& clock, std::stop_token stop) {
  const Timestamp begin = clock.now();
  std::string buffer;
  uint64_t written = 0;
  while (written < count) {
    const double seconds = static_cast<double>((clock.now() - begin).count()) / 1e6;
    const uint64_t due = std::min(count, static_cast<uint64_t>(std::floor(seconds * rate)) + 1);
    buffer.clear();
    append_records(generator, written, due, buffer);
    written = due;
    RETURN_IF_ERROR(target.write(buffer));
    const auto gap = Duration(static_cast<int64_t>(1e6 / rate));
    if (written < count && !clock.wait(std::max(kTick, gap), stop)) break;
  }
  return written;
}

Status check(const SimulateOptions& options) {
  if (options.rate && !(*options.rate > 0 && *options.rate <= 1e7)) {
    return invalid_argument("--rate must be above 0 and at most 10,000,000 records a second");
  }
  if (!options.to.empty() && !options.serve.empty()) {
    return invalid_argument("--to and --serve exclude each other; run the command twice");
  }
  const bool brokers_named = !options.brokers.empty() || !options.connection.empty();
  if (brokers_named != options.to.starts_with(kKafkaPrefix)) {
    return invalid_argument(brokers_named
                                ? "--brokers and --connection are of use only with --to kafka:TOPIC"
                                : "--to kafka:TOPIC needs --brokers HOST:PORT, or --connection "
                                  "NAME of a project's connection");
  }
  if (!options.brokers.empty() && !options.connection.empty()) {
    return invalid_argument("--brokers and --connection exclude each other");
  }
  return ok_status();
}

Outcome write_records(const SimulateOptions& options, const Common& common, SystemClock& clock,
                      std::stop_token stop) {
  const bool steady = options.rate.has_value() || !options.count;
  const double rate = options.rate.value_or(kDefaultRate);
  connectors::simulator::GeneratorOptions generator_options;
  generator_options.seed = options.seed.value_or(0);
  generator_options.invalid = options.invalid.value_or(0);
  generator_options.step =
      options.step.value_or(steady ? Duration(static_cast<int64_t>(1e6 / rate)) : kDefaultStep);
  generator_options.start = clock.now();
  if (!options.start.empty() || !steady) {
    ASSIGN_OR_RETURN(generator_options.start,
                     parse_timestamp(options.start.empty() ? kDefaultStart : options.start));
  }
  ASSIGN_OR_RETURN(const auto generator,
                   connectors::simulator::make_generator(options.name, generator_options));
  ASSIGN_OR_RETURN(const auto target,
                   open_target(options, common, clock, *generator, steady, stop));
  const uint64_t count = options.count.value_or(UINT64_MAX);
  const Result<uint64_t> outcome =
      steady ? write_steadily(*generator, rate, count, *target, clock, stop)
             : write_all(*generator, count, *target, stop);
  if (!outcome.ok()) return work_failed(outcome.status());
  if (const Status finished = target->finish(); !finished.ok()) return work_failed(finished);
  const uint64_t written = *outcome;
  if (!common.quiet && isatty(STDERR_FILENO) != 0) {
    std::cerr << format_count(written, "record") << " of '" << options.name << "'\n";
  }
  if (options.count && written < count) return cancelled("interrupted");
  return ok_status();
}

Outcome simulate(const SimulateOptions& options, const Common& common) {
  Interruption interruption;
  if (const Status status = check(options); !status.ok()) return status;
  SystemClock clock;
  if (!options.serve.empty()) {
    return serve_records(options, common, clock, interruption.token());
  }
  return write_records(options, common, clock, interruption.token());
}

std::string names_of_generators() {
  std::string text;
  for (const auto& info : connectors::simulator::generators()) {
    text += "  " + info.name + std::string(info.name.size() < 10 ? 10 - info.name.size() : 1, ' ') +
            info.doc + "\n";
  }
  text.pop_back();
  return text;
}

}  // namespace

void add_simulate(CommandLine& line) {
  auto options = std::make_shared<SimulateOptions>();
  line.add({.name = "simulate",
            .summary =
                "Makes realistic test data, on stdout, in files, in a Kafka topic or over HTTP",
            .details =
                {names_of_generators(),
                 "The same seed, start and step give the same records. Without --rate, "
                 "--count records are made at once;\nwith it, or without --count, they come "
                 "as time passes. A folder gets a new file every second.\nIn a "
                 "topic, a record's key is its device, if it has one; an event hub is named as "
                 "a topic."},
            .examples = {"lakeward simulate sensors --count 1000 --seed 7 --invalid 0.05 --to "
                         "input/sensor_data/a.jsonl",
                         "lakeward simulate sensors --rate 100 --to input/sensor_data/",
                         "lakeward simulate sensors --count 100000 --to kafka:sensor_data "
                         "--brokers localhost:9092",
                         "lakeward simulate iot --serve 127.0.0.1:5000"}},
           [options](const Common& common) { return simulate(*options, common); })
      .argument("NAME", options->name, "Which records: see above")
      .option("--rate", options->rate, "Records a second; default without --count: 10")
      .option("--count", options->count, "How many records; default: they never end")
      .option("--seed", options->seed, "The same seed gives the same records; default: 0")
      .option("--invalid", options->invalid,
              "The share of records, 0 to 1, that break a rule; default: 0")
      .option("--start", options->start,
              "The first record's time; default: 2026-01-01T00:00:00Z, or now with --rate", "TIME")
      .option("--step", options->step,
              "The time between two records; default: 10 s, or what --rate says")
      .option("--to", options->to,
              "A file, a folder (with '/' at its end), a Kafka topic, or stdout; default: stdout",
              "FILE|DIR/|kafka:TOPIC|stdout")
      .option("--brokers", options->brokers, "Kafka's brokers, for --to kafka:TOPIC",
              "HOST:PORT[,...]")
      .option("--connection", options->connection,
              "The project's connection to Kafka or Event Hubs, in place of --brokers", "NAME")
      .option("--serve", options->serve,
              "Answer HTTP: GET /NAME, GET /NAME?n=100; for iot also GET /iot-data", "HOST:PORT");
}

}  // namespace lakeward::cli
