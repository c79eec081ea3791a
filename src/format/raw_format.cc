#include "format/raw_format.h"

#include <simdjson.h>

#include <limits>

#include "base/check.h"
#include "format/record_loop.h"

namespace lakeward::format {
namespace {

class RawDecoder final : public Decoder {
 public:
  RawDecoder(std::optional<size_t> slot, const RawOptions& options)
      : slot_(slot), options_(options) {}

  Result<DecodeProgress> decode(const RecordBatch& batch, size_t first_record,
                                engine::ChunkWriter& chunk, size_t first_row,
                                std::span<uint32_t> row_records,
                                std::vector<Rejection>& rejections) override {
    engine::ColumnWriter* const column = slot_ ? &chunk.column(*slot_) : nullptr;
    return decode_records(
        options_.on_malformed, batch, first_record, first_row, row_records, rejections,
        [&](std::string_view payload, size_t row) {
          if (is_no_payload(payload)) [[unlikely]] {
            if (column != nullptr) column->set_null(row);
            return true;
          }
          too_large_ = payload.size() > std::numeric_limits<uint32_t>::max();
          if (too_large_ || !(options_.bytes || simdjson::validate_utf8(payload))) return false;
          if (column != nullptr) column->set_stable_string(row, payload.data(), payload.size());
          return true;
        },
        [this] {
          return std::string(too_large_ ? "the record is larger than 4 GiB" : "not UTF-8");
        },
        [column](size_t row) {
          if (column != nullptr) column->set_null(row);
        });
  }

 private:
  std::optional<size_t> slot_;
  RawOptions options_;
  bool too_large_ = false;
};

class RawFormat final : public Format {
 public:
  explicit RawFormat(const RawOptions& options)
      : options_(options), schema_(raw_schema(options.bytes)) {}

  Framing framing() const override { return options_.framing; }
  const engine::Schema& declared() const override { return schema_; }
  const engine::Schema& decoded() const override { return schema_; }
  OnMalformed on_malformed() const override { return options_.on_malformed; }
  std::unique_ptr<Decoder> make_decoder(
      const std::vector<std::optional<size_t>>& slots) const override {
    CHECK(slots.size() == 1, "raw records have one column");
    return std::make_unique<RawDecoder>(slots[0], options_);
  }

 private:
  RawOptions options_;
  engine::Schema schema_;
};

}  // namespace

engine::Schema raw_schema(bool bytes) { return {{"value", bytes ? "BLOB" : "VARCHAR"}}; }

std::unique_ptr<Format> make_raw_format(const RawOptions& options) {
  return std::make_unique<RawFormat>(options);
}

}  // namespace lakeward::format
