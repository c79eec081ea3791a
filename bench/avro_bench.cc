// Avro records into the engine's columns: one thread, framed as Confluent's clients do, in memory.
//
// avro_fastavro.py reads records of the same schema with fastavro, the usual way in Python.
#include <benchmark/benchmark.h>
#include <duckdb.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "format/avro_format.h"

namespace lakeward {
namespace {

constexpr size_t kRecords = 200'000;

constexpr const char* kSensor =
    R"({"type":"record","name":"Sensor","fields":[
        {"name":"timestamp","type":{"type":"long","logicalType":"timestamp-millis"}},
        {"name":"device_id","type":"string"},{"name":"building","type":"string"},
        {"name":"floor","type":["null","int"]},{"name":"type","type":"string"},
        {"name":"value","type":"double"},{"name":"unit","type":"string"}]})";
// The same with a field more, a field less, a promotion, and another order.
constexpr const char* kEvolved =
    R"({"type":"record","name":"Sensor","fields":[
        {"name":"value","type":"double"},{"name":"floor","type":["null","long"]},
        {"name":"timestamp","type":{"type":"long","logicalType":"timestamp-millis"}},
        {"name":"device_id","type":"string"},{"name":"building","type":"string"},
        {"name":"type","type":"string"},{"name":"quality","type":"string","default":"unknown"}]})";

uint64_t mix(uint64_t x) {
  x ^= x >> 31;
  x *= 0x7FB5D329728EA185ULL;
  x ^= x >> 27;
  return x * 0x81DADEF4BC2DD44DULL;
}

void append_long(int64_t value, std::string& bytes) {
  uint64_t bits = static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
  for (; bits >= 0x80; bits >>= 7) bytes += static_cast<char>(bits | 0x80);
  bytes += static_cast<char>(bits);
}

void append_text(const std::string& text, std::string& bytes) {
  append_long(static_cast<int64_t>(text.size()), bytes);
  bytes += text;
}

void append_record(uint64_t n, std::string& bytes) {
  static const char* const kTypes[] = {"temperature", "humidity", "co2"};
  static const char* const kUnits[] = {"Celsius", "%", "ppm"};
  const uint64_t r = mix(n + 1);
  bytes += std::string(4, '\0') + '\1';
  append_long(1'767'225'600'000 + static_cast<int64_t>(n) * 1'000, bytes);
  append_text(
      "sensor-building-0" + std::to_string(r % 10) + "-" + std::to_string(10'000 + r % 9'000),
      bytes);
  append_text("Building-" + std::string(1, static_cast<char>('A' + r % 26)), bytes);
  append_long(1, bytes);
  append_long(static_cast<int64_t>(r >> 8 & 31), bytes);
  append_text(kTypes[r % 3], bytes);
  const double value = static_cast<double>(r >> 20 & 0xFFF) / 37;
  char bits[sizeof(value)];
  std::memcpy(bits, &value, sizeof(value));
  bytes.append(bits, sizeof(bits));
  append_text(kUnits[r % 3], bytes);
}

class OneSchema final : public format::SchemaSource {
 public:
  Result<format::RegisteredSchema> schema(uint32_t) override {
    return format::RegisteredSchema{"AVRO", kSensor, {}};
  }
  const std::string& name() const override { return name_; }

 private:
  std::string name_ = "the benchmark";
};

// The chunk that rows are written to, again and again.
class Chunk {
 public:
  explicit Chunk(const engine::Schema& columns) {
    std::vector<duckdb_logical_type> types;
    for (const engine::Column& column : columns) {
      types.push_back(duckdb_create_logical_type(column.type == "VARCHAR"   ? DUCKDB_TYPE_VARCHAR
                                                 : column.type == "INTEGER" ? DUCKDB_TYPE_INTEGER
                                                 : column.type == "DOUBLE"  ? DUCKDB_TYPE_DOUBLE
                                                                            : DUCKDB_TYPE_BIGINT));
    }
    chunk_ = duckdb_create_data_chunk(types.data(), types.size());
    for (duckdb_logical_type& type : types) duckdb_destroy_logical_type(&type);
  }
  ~Chunk() { duckdb_destroy_data_chunk(&chunk_); }
  duckdb_data_chunk get() { return chunk_; }

 private:
  duckdb_data_chunk chunk_;
};

void decode_avro(benchmark::State& state, const char* reader) {
  std::string bytes;
  std::vector<size_t> ends;
  for (size_t n = 0; n < kRecords; ++n) {
    append_record(n, bytes);
    ends.push_back(bytes.size());
  }
  const size_t size = bytes.size();
  bytes.append(format::kPadding, '\0');
  std::vector<format::Record> records;
  for (size_t n = 0; n < kRecords; ++n) {
    const size_t begin = n == 0 ? 0 : ends[n - 1];
    records.push_back({std::string_view(bytes).substr(begin, ends[n] - begin), n});
  }
  format::RecordBatch batch;
  batch.records = records;

  format::AvroOptions options;
  options.source = std::make_shared<OneSchema>();
  options.reader_schema = reader;
  const auto format = format::make_avro_format(options);
  if (!format.ok()) return state.SkipWithError(format.status().message().c_str());
  std::vector<std::optional<size_t>> slots;
  for (size_t i = 0; i < (*format)->decoded().size(); ++i) slots.emplace_back(i);
  const auto decoder = (*format)->make_decoder(slots);
  Chunk chunk((*format)->decoded());
  std::vector<format::Rejection> rejections;
  for (auto _ : state) {
    size_t next = 0;
    while (next < kRecords) {
      duckdb_data_chunk_reset(chunk.get());
      engine::ChunkWriter writer(chunk.get());
      const auto progress = decoder->decode(batch, next, writer, 0, {}, rejections);
      if (!progress.ok() || !rejections.empty()) return state.SkipWithError("records are refused");
      next += progress->records;
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kRecords));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(size));
}

BENCHMARK_CAPTURE(decode_avro, same_schema, kSensor)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode_avro, evolved_schema, kEvolved)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace lakeward

BENCHMARK_MAIN();
