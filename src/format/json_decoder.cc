#include "format/json_decoder.h"

#include <simdjson.h>

#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "format/json_object.h"
#include "format/record_loop.h"
#include "format/registry_header.h"

namespace lakeward::format {
namespace {

class JsonDecoder final : public Decoder {
 public:
  JsonDecoder(const DeclaredColumns& declared, const std::vector<std::optional<size_t>>& slots,
              const JsonDecoderOptions& options)
      : slots_(slots), options_(options), object_(declared) {
    CHECK(slots.size() == declared.kinds.size(), "one slot for each decoded column");
  }

  Result<DecodeProgress> decode(const RecordBatch& batch, size_t first_record,
                                engine::ChunkWriter& chunk, size_t first_row,
                                std::span<uint32_t> row_records,
                                std::vector<Rejection>& rejections) override {
    std::vector<JsonColumn>& columns = object_.columns();
    for (size_t i = 0; i < slots_.size(); ++i) {
      if (!slots_[i]) continue;
      columns[i].writer = &chunk.column(*slots_[i]);
      columns[i].data = columns[i].writer->data<char>();
    }
    Result<DecodeProgress> progress = decode_records(
        options_.on_malformed, batch, first_record, first_row, row_records, rejections,
        [this](std::string_view payload, size_t row) {
          if (decode_record(payload, row)) [[likely]] {
            return RecordOutcome::kRow;
          }
          for (JsonColumn& column : object_.columns()) {
            if (column.writer != nullptr) column.writer->unset_null(row);
          }
          return options_.skip_tombstones && is_no_payload(payload) ? RecordOutcome::kSkipped
                                                                    : RecordOutcome::kRefused;
        },
        [this] { return object_.values().reason(); },
        [this](size_t row) {
          for (JsonColumn& column : object_.columns()) column.set_null(row);
        });
    // What was decoded before is decoded again.
    RETURN_IF_ERROR(std::exchange(failure_, ok_status()));
    return progress;
  }

 private:
  bool decode_record(std::string_view payload, size_t row);
  bool refuse_ends(const char* begin, const char* end);
  bool accept_header(std::string_view payload);
  bool accept_schema(std::string_view payload, uint32_t id);
  bool refuse(std::string_view payload, std::string reason);

  std::vector<std::optional<size_t>> slots_;
  JsonDecoderOptions options_;
  JsonObjectReader<JsonValueDecoder> object_;
  std::optional<uint32_t> accepted_;  // the schema of the record before
  Status failure_;                    // of the schema registry
};

bool JsonDecoder::decode_record(std::string_view payload, size_t row) {
  if (options_.is_framed) {
    if (!accept_header(payload)) return false;
    payload.remove_prefix(kRegistryHeaderBytes);
  }
  const char* const begin = payload.data();
  const char* end = begin + payload.size();
  while (end != begin && JsonScanner::is_blank(end[-1])) --end;
  object_.values().start(begin, end);
  if (end == begin || end[-1] != '}' || payload.size() > std::numeric_limits<uint32_t>::max())
      [[unlikely]] {
    return refuse_ends(begin, end);
  }
  JsonScanner& scanner = object_.scanner();
  const char* p = JsonScanner::skip_blanks(begin);
  if (*p != '{') return scanner.fail("not an object", p) != nullptr;
  p = object_.read_members(p + 1, row);
  if (p == nullptr) [[unlikely]] {
    return false;
  }
  if (p != end) return scanner.fail("something follows the object", p) != nullptr;
  // Every string, used or not, and nothing but strings may have such bytes.
  if (scanner.non_ascii() && !simdjson::validate_utf8(begin, static_cast<size_t>(end - begin))) {
    object_.values().refuse("not UTF-8");
    return false;
  }
  return true;
}

bool JsonDecoder::accept_header(std::string_view payload) {
  if (!has_registry_header(payload)) [[unlikely]] {
    return refuse(payload, registry_header_problem(payload));
  }
  if (options_.schemas == nullptr) return true;
  const uint32_t id = registry_schema_id(payload);
  return accepted_ == id || accept_schema(payload, id);
}

bool JsonDecoder::accept_schema(std::string_view payload, uint32_t id) {
  if (!failure_.ok()) return refuse(payload, "");
  const Result<KnownSchema<JsonSchemaText>> schema = options_.schemas->find(id);
  if (!schema.ok()) {
    failure_ = schema.status();
    return refuse(payload, failure_.message());
  }
  if (schema->compiled == nullptr) return refuse(payload, schema->refusal);
  accepted_ = id;
  return true;
}

bool JsonDecoder::refuse(std::string_view payload, std::string reason) {
  object_.values().start(payload.data(), payload.data() + payload.size());
  object_.values().refuse(std::move(reason));
  return false;
}

// A record that does not begin and end as an object must.
bool JsonDecoder::refuse_ends(const char* begin, const char* end) {
  if (begin == end) {
    object_.values().refuse("the record is empty");
    return false;
  }
  if (end[-1] == '}') {
    object_.values().refuse("the record is larger than 4 GiB");
    return false;
  }
  const char* p = begin;
  while (JsonScanner::is_blank(*p)) ++p;
  return object_.scanner().fail(
             *p == '{' ? "the object does not end, or something follows it" : "not an object",
             *p == '{' ? end : p) != nullptr;
}

}  // namespace

std::unique_ptr<Decoder> make_json_decoder(const DeclaredColumns& columns,
                                           const std::vector<std::optional<size_t>>& slots,
                                           const JsonDecoderOptions& options) {
  return std::make_unique<JsonDecoder>(columns, slots, options);
}

}  // namespace lakeward::format
