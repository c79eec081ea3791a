#include "format/encoder.h"

namespace lakeward::format {
namespace {

class RawEncoder final : public Encoder {
 public:
  Status encode(std::span<const engine::VectorView> columns, size_t rows, Payloads& out) override {
    CHECK(columns.size() == 1);
    out.clear();
    for (size_t row = 0; row < rows; ++row) {
      if (columns[0].is_null(row)) {
        out.end_null();
      } else {
        out.bytes().append(columns[0].string(row));
        out.end_payload();
      }
    }
    out.finish();
    return ok_status();
  }
};

class RawEncoding final : public Encoding {
 public:
  Result<std::unique_ptr<Encoder>> make_encoder(
      const std::vector<engine::TypedColumn>& columns) const override {
    if (columns.size() != 1) {
      return invalid_argument("a raw payload is one column, not " + std::to_string(columns.size()));
    }
    const duckdb_type id = columns[0].type.id;
    if (id != DUCKDB_TYPE_VARCHAR && id != DUCKDB_TYPE_BLOB) {
      return invalid_argument("the column '" + columns[0].name +
                              "' is neither text nor bytes, so it cannot be a raw payload; cast it "
                              "in the transform: CAST(" +
                              columns[0].name + " AS VARCHAR)");
    }
    return std::unique_ptr<Encoder>(std::make_unique<RawEncoder>());
  }
};

}  // namespace

std::unique_ptr<Encoding> make_raw_encoding() { return std::make_unique<RawEncoding>(); }

}  // namespace lakeward::format
