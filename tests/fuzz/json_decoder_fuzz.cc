// Anything at all as a JSON record. See README.md.
#include <duckdb.h>
#include <simdjson.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "format/json_format.h"

namespace lakeward::format {
namespace {

// A column of each kind; the names are short so that the fuzzer finds them.
const std::pair<const char*, duckdb_type> kColumns[] = {
    {"BOOLEAN", DUCKDB_TYPE_BOOLEAN},
    {"TINYINT", DUCKDB_TYPE_TINYINT},
    {"INTEGER", DUCKDB_TYPE_INTEGER},
    {"UBIGINT", DUCKDB_TYPE_UBIGINT},
    {"FLOAT", DUCKDB_TYPE_FLOAT},
    {"DOUBLE", DUCKDB_TYPE_DOUBLE},
    {"VARCHAR", DUCKDB_TYPE_VARCHAR},
    {"DATE", DUCKDB_TYPE_DATE},
    {"TIMESTAMP", DUCKDB_TYPE_TIMESTAMP},
    {"BLOB", DUCKDB_TYPE_BLOB},
    {"DECIMAL(9,2)", DUCKDB_TYPE_VARCHAR},
    {"INTEGER[]", DUCKDB_TYPE_VARCHAR},
    {"STRUCT(a INTEGER)", DUCKDB_TYPE_VARCHAR},
    {"JSON", DUCKDB_TYPE_VARCHAR},
};
constexpr size_t kCount = std::size(kColumns);

std::unique_ptr<Format> make_format(OnMalformed on_malformed) {
  JsonOptions options;
  options.on_malformed = on_malformed;
  for (size_t i = 0; i < kCount; ++i) {
    options.columns.push_back({std::string(1, static_cast<char>('a' + i)), kColumns[i].first});
  }
  return std::move(make_json_format(options)).value();
}

// A chunk with the decoded columns.
class Chunk {
 public:
  Chunk() {
    std::vector<duckdb_logical_type> types;
    for (const auto& [name, type] : kColumns) types.push_back(duckdb_create_logical_type(type));
    chunk_ = duckdb_create_data_chunk(types.data(), types.size());
    for (duckdb_logical_type& type : types) duckdb_destroy_logical_type(&type);
  }
  ~Chunk() { duckdb_destroy_data_chunk(&chunk_); }
  duckdb_data_chunk get() { return chunk_; }

  // Whether the cell is NULL or, if it is text, UTF-8.
  bool is_sound(size_t column, size_t row) {
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk_, column);
    uint64_t* validity = duckdb_vector_get_validity(vector);
    if (validity != nullptr && !duckdb_validity_row_is_valid(validity, row)) return true;
    if (kColumns[column].second != DUCKDB_TYPE_VARCHAR) return true;
    duckdb_string_t* text = static_cast<duckdb_string_t*>(duckdb_vector_get_data(vector)) + row;
    return simdjson::validate_utf8(duckdb_string_t_data(text), duckdb_string_t_length(*text));
  }

 private:
  duckdb_data_chunk chunk_;
};

enum class Verdict { kObject, kNoObject, kUnknown };

// What an independent parser takes the record for.
Verdict judge(std::string_view record) {
  // It would skip a byte order mark, and take a zero byte for the end.
  if (record.starts_with("\xEF\xBB\xBF")) return Verdict::kNoObject;
  if (record.find('\0') != std::string_view::npos) return Verdict::kNoObject;
  try {
    return nlohmann::json::parse(record).is_object() ? Verdict::kObject : Verdict::kNoObject;
  } catch (const nlohmann::json::out_of_range&) {
    return Verdict::kUnknown;  // a number that is too large for it
  } catch (const nlohmann::json::exception&) {
    return Verdict::kNoObject;
  }
}

void check(std::string_view input) {
  // Exactly as many readable bytes as promised, in memory of their own; they go on like the input.
  const std::unique_ptr<char[]> memory(new char[input.size() + kPadding]);
  std::memcpy(memory.get(), input.data(), input.size());
  for (size_t i = 0; i < kPadding; ++i) {
    memory[input.size() + i] = input.empty() ? '"' : input[i % input.size()];
  }
  const std::vector<Record> records(2, Record{{memory.get(), input.size()}, 0});
  RecordBatch batch;
  batch.records = records;

  std::vector<std::optional<size_t>> slots;
  for (size_t i = 0; i < kCount; ++i) slots.push_back(i);
  static const auto kFormat = make_format(OnMalformed::kDeadLetter);
  Chunk chunk;
  engine::ChunkWriter writer(chunk.get());
  std::vector<Rejection> rejections;
  const auto decoder = kFormat->make_decoder(slots);
  const auto progress = decoder->decode(batch, 0, writer, 0, {}, rejections);
  CHECK(progress.ok() && progress->records == 2);
  // The second time the decoder knows the order of the members: it must not matter.
  CHECK(progress->rows == 0 || progress->rows == 2);
  CHECK(progress->rows + rejections.size() == 2);
  for (size_t row = 0; row < progress->rows; ++row) {
    for (size_t column = 0; column < kCount; ++column) CHECK(chunk.is_sound(column, row));
  }
  for (const Rejection& rejection : rejections) {
    CHECK(!rejection.reason.empty() && simdjson::validate_utf8(rejection.reason));
  }

  // A row is JSON, and what is called malformed is not. (The columns may refuse good JSON.)
  const Verdict verdict = judge(input);
  if (progress->rows == 2) {
    CHECK(verdict != Verdict::kNoObject);
    return;
  }
  const std::string& reason = rejections[0].reason;
  const bool malformed = reason.starts_with("malformed JSON") || reason == "not UTF-8" ||
                         reason == "the record is empty";
  const bool too_deep = reason.find("nested too deeply") != std::string::npos;
  CHECK(!malformed || too_deep || verdict != Verdict::kObject, reason);
}

}  // namespace
}  // namespace lakeward::format

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lakeward::format::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
