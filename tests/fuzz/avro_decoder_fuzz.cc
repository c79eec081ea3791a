// Anything at all as an Avro record, and as an Avro schema. See README.md.
//
// The first byte chooses one of kSchemas, by which the rest is read as a record; or, if there is
// none of that number, the rest is a schema, a zero byte, and a record that it is to read.
#include <duckdb.h>
#include <simdjson.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "format/avro_format.h"

namespace lakeward::format {
namespace {

struct SchemaPair {
  const char* writer;
  const char* reader;  // nullptr: the writer's
};

const SchemaPair kSchemas[] = {
    {R"({"type":"record","name":"R","fields":[{"name":"b","type":"boolean"},{"name":"i","type":"int"},
        {"name":"l","type":"long"},{"name":"f","type":"float"},{"name":"d","type":"double"},
        {"name":"s","type":"string"},{"name":"y","type":"bytes"},
        {"name":"x","type":{"type":"fixed","name":"F","size":3}},
        {"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}}]})",
     nullptr},
    {R"({"type":"record","name":"R","fields":[{"name":"u","type":["null","int"]},
        {"name":"v","type":["string","null","long",{"type":"array","items":"null"}]},
        {"name":"m","type":{"type":"map","values":["null","bytes"]}},
        {"name":"a","type":{"type":"array","items":{"type":"record","name":"I","fields":[
          {"name":"t","type":{"type":"long","logicalType":"timestamp-millis"}},
          {"name":"p","type":{"type":"bytes","logicalType":"decimal","precision":20,"scale":4}}]}}}]})",
     nullptr},
    {R"({"type":"record","name":"L","fields":[{"name":"v","type":"string"},{"name":"next","type":["null","L"]},
        {"name":"more","type":{"type":"array","items":"L"}}]})",
     nullptr},
    {R"({"type":"record","name":"R","fields":[
        {"name":"a","type":{"type":"int","logicalType":"date"}},
        {"name":"b","type":{"type":"long","logicalType":"time-micros"}},
        {"name":"c","type":{"type":"long","logicalType":"timestamp-millis"}},
        {"name":"d","type":{"type":"long","logicalType":"local-timestamp-nanos"}},
        {"name":"e","type":{"type":"bytes","logicalType":"decimal","precision":12,"scale":2}},
        {"name":"f","type":{"type":"fixed","name":"U","size":16,"logicalType":"uuid"}},
        {"name":"g","type":{"type":"fixed","name":"D","size":12,"logicalType":"duration"}}]})",
     nullptr},
    {R"({"type":"record","name":"R","fields":[{"name":"gone","type":{"type":"map","values":{"type":"array","items":"int"}}},
        {"name":"n","type":"int"},{"name":"s","type":"string"},
        {"name":"e","type":{"type":"enum","name":"E","symbols":["A","B","C"]}}]})",
     R"({"type":"record","name":"R","fields":[{"name":"fresh","type":{"type":"array","items":"string"},"default":["x"]},
        {"name":"s","type":"bytes"},{"name":"n","type":["null","double"]},
        {"name":"e","type":{"type":"enum","name":"E","symbols":["C","D"],"default":"D"}}]})"},
};

duckdb_type type_of(const std::string& type) {
  const std::pair<const char*, duckdb_type> kTypes[] = {
      {"BOOLEAN", DUCKDB_TYPE_BOOLEAN},     {"INTEGER", DUCKDB_TYPE_INTEGER},
      {"BIGINT", DUCKDB_TYPE_BIGINT},       {"FLOAT", DUCKDB_TYPE_FLOAT},
      {"DOUBLE", DUCKDB_TYPE_DOUBLE},       {"BLOB", DUCKDB_TYPE_BLOB},
      {"DATE", DUCKDB_TYPE_DATE},           {"TIME", DUCKDB_TYPE_TIME},
      {"TIMESTAMP", DUCKDB_TYPE_TIMESTAMP}, {"TIMESTAMP WITH TIME ZONE", DUCKDB_TYPE_TIMESTAMP_TZ},
      {"INTERVAL", DUCKDB_TYPE_INTERVAL},   {"VARCHAR", DUCKDB_TYPE_VARCHAR}};
  for (const auto& [name, id] : kTypes) {
    if (type == name) return id;
  }
  return DUCKDB_TYPE_HUGEINT;  // as wide as any DECIMAL
}

// Decodes `record` twice: into all columns, and into none. Both must agree.
void check_record(const Format& format, std::string_view record) {
  // Exactly as many readable bytes as promised, in memory of their own; they go on like the input.
  const std::unique_ptr<char[]> memory(new char[record.size() + kPadding]);
  if (!record.empty()) std::memcpy(memory.get(), record.data(), record.size());
  for (size_t i = 0; i < kPadding; ++i) {
    memory[record.size() + i] = record.empty() ? '\2' : record[i % record.size()];
  }
  const std::vector<Record> records(2, Record{{memory.get(), record.size()}, 0});
  RecordBatch batch;
  batch.records = records;

  std::vector<duckdb_logical_type> types;
  std::vector<std::optional<size_t>> slots;
  for (const engine::Column& column : format.decoded()) {
    slots.push_back(types.size());
    types.push_back(duckdb_create_logical_type(type_of(column.type)));
  }
  duckdb_data_chunk chunk = duckdb_create_data_chunk(types.data(), types.size());
  for (duckdb_logical_type& type : types) duckdb_destroy_logical_type(&type);
  engine::ChunkWriter writer(chunk);
  std::vector<Rejection> rejections;
  const auto progress = format.make_decoder(slots)->decode(batch, 0, writer, 0, {}, rejections);
  CHECK(progress.ok() && progress->records == 2 && progress->rows + rejections.size() == 2);
  CHECK(progress->rows != 1, "the same bytes are the same twice");
  for (const Rejection& rejection : rejections) {
    CHECK(!rejection.reason.empty() && simdjson::validate_utf8(rejection.reason));
  }
  for (size_t column = 0; column < slots.size(); ++column) {
    if (format.decoded()[column].type != "VARCHAR") continue;
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, column);
    uint64_t* validity = duckdb_vector_get_validity(vector);
    for (size_t row = 0; row < progress->rows; ++row) {
      if (validity != nullptr && !duckdb_validity_row_is_valid(validity, row)) continue;
      duckdb_string_t* text = static_cast<duckdb_string_t*>(duckdb_vector_get_data(vector)) + row;
      CHECK(simdjson::validate_utf8(duckdb_string_t_data(text), duckdb_string_t_length(*text)));
    }
  }
  std::vector<Rejection> again;
  const std::vector<std::optional<size_t>> none(slots.size());
  const auto counted = format.make_decoder(none)->decode(batch, 0, writer, 0, {}, again);
  CHECK(counted.ok() && counted->rows == progress->rows, "what is refused depends on the query");
  duckdb_destroy_data_chunk(&chunk);
}

std::unique_ptr<Format> make_format(const std::string& writer, const char* reader) {
  AvroOptions options;
  options.writer_schema = writer;
  if (reader != nullptr) options.reader_schema = reader;
  auto format = make_avro_format(options);
  return format.ok() ? std::move(format).value() : nullptr;
}

void check(std::string_view input) {
  static const auto kFormats = [] {
    std::vector<std::unique_ptr<Format>> formats;
    for (const auto& [writer, reader] : kSchemas) {
      formats.push_back(make_format(writer, reader));
      CHECK(formats.back() != nullptr, writer);
    }
    return formats;
  }();
  if (input.empty()) return;
  const auto chosen = static_cast<unsigned char>(input[0]);
  input.remove_prefix(1);
  if (chosen < std::size(kSchemas)) return check_record(*kFormats[chosen], input);
  const size_t end = std::min(input.find('\0'), input.size());
  const auto format = make_format(std::string(input.substr(0, end)), nullptr);
  if (format != nullptr) check_record(*format, input.substr(std::min(end + 1, input.size())));
}

}  // namespace
}  // namespace lakeward::format

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lakeward::format::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
