// JSON lines into the engine: Lakeward's decoder against DuckDB's read_json, one thread, same
// lines.
//
// Both feed the same query, which asks for every column and counts its values: a sink that costs
// next to nothing. Another query, not timed, makes sure that both decode the same values. Lakeward
// decodes the lines twice: from the file, which it reads in blocks and cuts into lines as read_json
// does; and from memory, as a broker hands its messages over, which read_json cannot. CPU time;
// rounds alternate.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "engine/database.h"
#include "engine/session.h"
#include "engine/table_source.h"
#include "format/framing.h"
#include "format/json_format.h"

namespace lakeward {
namespace {

constexpr size_t kBlockBytes = 128 << 10;
constexpr uint64_t kRows = 400'000;
constexpr int kRounds = 5;

// A declared schema and how a file of such lines is made.
struct Workload {
  const char* name;
  engine::Schema columns;
  std::string (*line)(uint64_t number);
};

uint64_t mix(uint64_t x) {
  x ^= x >> 31;
  x *= 0x7FB5D329728EA185ULL;
  x ^= x >> 27;
  return x * 0x81DADEF4BC2DD44DULL;
}

std::string sensor_time(uint64_t n) {
  char text[32];
  std::snprintf(text, sizeof(text), "2026-01-%02u", static_cast<unsigned>(1 + n / 86'400 % 28));
  char clock[32];
  std::snprintf(clock, sizeof(clock), "T%02u:%02u:%02uZ", static_cast<unsigned>(n / 3600 % 24),
                static_cast<unsigned>(n / 60 % 60), static_cast<unsigned>(n % 60));
  return std::string(text) + clock;
}

struct Sensor {
  std::string time, device, building, type, value, unit;
  unsigned floor;
};

Sensor sensor(uint64_t n) {
  static const char* const kTypes[] = {"temperature", "humidity", "co2"};
  static const char* const kUnits[] = {"Celsius", "%", "ppm"};
  const uint64_t r = mix(n + 1);
  char value[16];
  std::snprintf(value, sizeof(value), "%.2f", static_cast<double>(r >> 20 & 0xFFF) / 37);
  return {sensor_time(n),
          "sensor-building-0" + std::to_string(r % 10) + "-" + std::to_string(10'000 + r % 9'000),
          "Building-" + std::string(1, static_cast<char>('A' + r % 26)),
          kTypes[r % 3],
          value,
          kUnits[r % 3],
          static_cast<unsigned>(r >> 8 & 31)};
}

std::string sensor_line(uint64_t n) {
  const Sensor s = sensor(n);
  return R"({"timestamp":")" + s.time + R"(","device_id":")" + s.device + R"(","building":")" +
         s.building + R"(","floor":)" + std::to_string(s.floor) + R"(,"type":")" + s.type +
         R"(","value":)" + s.value + R"(,"unit":")" + s.unit + R"("})";
}

std::string python_line(uint64_t n) {
  const Sensor s = sensor(n);
  return R"({"unit": ")" + s.unit + R"(", "timestamp": ")" + s.time + R"(", "value": )" + s.value +
         R"(, "device_id": ")" + s.device + R"(", "building": ")" + s.building + R"(", "floor": )" +
         std::to_string(s.floor) + R"(, "type": ")" + s.type + R"("})";
}

std::string extra_line(uint64_t n) {
  const Sensor s = sensor(n);
  return R"({"id":)" + std::to_string(n) +
         R"(,"meta":{"tags":["a","b\n"],"ok":true},"timestamp":")" + s.time + R"(","device_id":")" +
         s.device + R"(","floor":)" + std::to_string(s.floor) + R"(,"value":)" + s.value +
         R"(,"note":"Zürich, Höhe über Meer: \"400 m\""})";
}

const engine::Schema kSensorColumns = {
    {"timestamp", "TIMESTAMP"}, {"device_id", "VARCHAR"}, {"building", "VARCHAR"},
    {"floor", "INTEGER"},       {"type", "VARCHAR"},      {"value", "DOUBLE"},
    {"unit", "VARCHAR"},
};
const engine::Schema kExtraColumns = {
    {"timestamp", "TIMESTAMP"}, {"device_id", "VARCHAR"}, {"floor", "INTEGER"},
    {"value", "DOUBLE"},        {"note", "VARCHAR"},      {"absent", "BIGINT"},
};

engine::Schema text_timestamps(engine::Schema columns) {
  columns[0].type = "VARCHAR";
  return columns;
}

const Workload kWorkloads[] = {
    {"json/declared_order", kSensorColumns, sensor_line},
    {"json/declared_order_timestamp_as_text", text_timestamps(kSensorColumns), sensor_line},
    {"json/another_order_with_blanks", kSensorColumns, python_line},
    {"json/unknown_fields_escapes_non_ascii", kExtraColumns, extra_line},
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

template <typename T>
T or_die(Result<T> result) {
  if (result.ok()) return std::move(result).value();
  std::fprintf(stderr, "%s\n", result.status().message().c_str());
  std::exit(1);
}

// Blocks of a file, cut into lines.
class LineReader {
 public:
  explicit LineReader(const std::string& path)
      : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~LineReader() { ::close(file_); }
  bool over() const { return over_; }

  Result<format::CutRecords> next() {
    const std::span<char> space = cutter_.space(kBlockBytes);
    const ssize_t bytes = ::read(file_, space.data(), std::min(space.size(), kBlockBytes));
    if (bytes < 0) return io_error("cannot read the lines");
    over_ = bytes == 0;
    return over_ ? cutter_.finish() : cutter_.cut(static_cast<size_t>(bytes));
  }

 private:
  int file_;
  format::RecordCutter cutter_{format::CutOptions{}};
  bool over_ = false;
};

enum class From { kFile, kMemory };

// JSON lines, decoded by one thread.
class LinesTable final : public engine::TableSource {
 public:
  LinesTable(const format::Format& format, std::string path, From from)
      : format_(format), path_(std::move(path)) {
    if (from == From::kFile) return;
    LineReader reader(path_);
    while (!reader.over()) blocks_.push_back(or_die(reader.next()));
  }
  const engine::Schema& schema() const override { return format_.decoded(); }
  Result<std::unique_ptr<engine::TableScan>> scan(const std::vector<size_t>& columns) override {
    return std::unique_ptr<engine::TableScan>(std::make_unique<Scan>(*this, columns));
  }

 private:
  struct Scan final : engine::TableScan {
    Scan(const LinesTable& table, const std::vector<size_t>& columns)
        : table(table), slots(table.schema().size()) {
      for (size_t i = 0; i < columns.size(); ++i) slots[columns[i]] = i;
    }
    size_t max_threads() const override { return 1; }
    Result<std::unique_ptr<engine::ChunkProducer>> make_producer() override {
      return std::unique_ptr<engine::ChunkProducer>(std::make_unique<Producer>(table, slots));
    }
    const LinesTable& table;
    std::vector<std::optional<size_t>> slots;
  };

  struct Producer final : engine::ChunkProducer {
    Producer(const LinesTable& table, const std::vector<std::optional<size_t>>& slots)
        : table(table), decoder(table.format_.make_decoder(slots)), reader(table.path_) {}

    Result<size_t> fill(engine::ChunkWriter& chunk) override {
      // What was lent for the chunk before the last one is no longer in use.
      in_use[fills++ % 2].clear();
      in_use[fills % 2].push_back(block.owner);
      size_t rows = 0;
      while (rows < engine::kChunkRows) {
        if (next == block.records.size()) {
          if (!table.blocks_.empty()) {
            if (next_block == table.blocks_.size()) break;
            block = table.blocks_[next_block++];
          } else {
            if (reader.over()) break;
            ASSIGN_OR_RETURN(block, reader.next());
          }
          next = 0;
          in_use[fills % 2].push_back(block.owner);
          continue;
        }
        format::RecordBatch batch;
        batch.records = block.records;
        ASSIGN_OR_RETURN(const format::DecodeProgress progress,
                         decoder->decode(batch, next, chunk, rows, {}, rejections));
        next += progress.records;
        rows += progress.rows;
      }
      return rows;
    }

    const LinesTable& table;
    std::unique_ptr<format::Decoder> decoder;
    LineReader reader;
    format::CutRecords block;
    size_t next = 0;
    size_t next_block = 0;
    std::vector<std::shared_ptr<const void>> in_use[2];
    size_t fills = 0;
    std::vector<format::Rejection> rejections;
  };

  const format::Format& format_;
  std::string path_;
  std::vector<format::CutRecords> blocks_;  // empty: the file is read
};

// `before`, each column's quoted name, `after`; for all columns.
std::string aggregate(const engine::Schema& columns, const std::string& before,
                      const std::string& after) {
  std::string values;
  for (const engine::Column& column : columns) {
    values += ", " + before + "\"" + column.name + "\"" + after;
  }
  return "SELECT count(*)" + values + " FROM ";
}

std::string read_json(const engine::Schema& columns, const std::string& path) {
  std::string types;
  for (const engine::Column& column : columns) {
    types += (types.empty() ? "'" : ", '") + column.name + "': '" + column.type + "'";
  }
  return "read_json('" + path + "', columns = {" + types + "}, format = 'newline_delimited')";
}

// The CPU time of a query.
double seconds_of(engine::Session& session, const std::string& sql) {
  const double before = cpu_seconds();
  benchmark::DoNotOptimize(or_die(session.query(sql)).size());
  return cpu_seconds() - before;
}

std::string answer_of(engine::Session& session, const std::string& sql) {
  const engine::Rows rows = or_die(session.query(sql));
  std::string answer;
  for (size_t i = 0; i < rows.schema().size(); ++i) {
    answer += std::to_string(rows.integer(0, i)) + " ";
  }
  return answer;
}

// A file that is there as long as this is.
class LinesFile {
 public:
  explicit LinesFile(const Workload& workload)
      : path_(std::filesystem::temp_directory_path() /
              ("lakeward_bench_" + std::to_string(::getpid()) + ".jsonl")) {
    std::ofstream file(path_, std::ios::binary);
    for (uint64_t n = 0; n < kRows; ++n) file << workload.line(n) << '\n';
  }
  ~LinesFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }
  uint64_t bytes() const { return std::filesystem::file_size(path_); }

 private:
  std::filesystem::path path_;
};

void decode_json(benchmark::State& state, const Workload& workload) {
  const LinesFile lines(workload);
  engine::DatabaseOptions options;
  options.threads = 1;
  const auto database = or_die(engine::Database::open(options));
  const auto session = or_die(database->make_session());
  format::JsonOptions json;
  json.columns = workload.columns;
  const auto format = or_die(format::make_json_format(json));
  LinesTable from_file(*format, lines.path(), From::kFile);
  LinesTable from_memory(*format, lines.path(), From::kMemory);
  for (const auto& [name, table] : {std::pair("input", &from_file), {"messages", &from_memory}}) {
    if (const Status status = session->define_relation(name, *table); !status.ok()) {
      state.SkipWithError(status.message().c_str());
      return;
    }
  }
  const std::string theirs = read_json(workload.columns, lines.path());
  const std::string values =
      aggregate(workload.columns, "(bit_xor(hash(", ")) & 9223372036854775807)::BIGINT");
  if (answer_of(*session, values + "input") != answer_of(*session, values + theirs)) {
    state.SkipWithError("the two decode different values");
    return;
  }

  const std::string counts = aggregate(workload.columns, "count(", ")");
  double their_best = 1e9;
  double our_best = 1e9;
  double memory_best = 1e9;
  for (auto _ : state) {
    const double seconds = seconds_of(*session, counts + "input");
    our_best = std::min(our_best, seconds);
    memory_best = std::min(memory_best, seconds_of(*session, counts + "messages"));
    their_best = std::min(their_best, seconds_of(*session, counts + theirs));
    state.SetIterationTime(seconds);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kRows));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(lines.bytes()));
  char label[240];
  std::snprintf(
      label, sizeof(label),
      "%.0f bytes a line; best: from memory %.2f M rows/s, from the file %.2f M, read_json "
      "%.2f M: %.1f and %.1f times",
      static_cast<double>(lines.bytes()) / kRows, kRows / memory_best / 1e6, kRows / our_best / 1e6,
      kRows / their_best / 1e6, their_best / memory_best, their_best / our_best);
  state.SetLabel(label);
}

}  // namespace
}  // namespace lakeward

int main(int argc, char** argv) {
  for (const lakeward::Workload& workload : lakeward::kWorkloads) {
    benchmark::RegisterBenchmark(workload.name, lakeward::decode_json, workload)
        ->UseManualTime()
        ->Iterations(lakeward::kRounds)
        ->Unit(benchmark::kMillisecond);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
