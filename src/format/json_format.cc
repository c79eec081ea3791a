#include "format/json_format.h"

#include <utility>

#include "format/column_kind.h"
#include "format/json_decoder.h"

namespace lakeward::format {
namespace {

class JsonFormat final : public Format {
 public:
  JsonFormat(const JsonOptions& options, DeclaredColumns columns)
      : framing_(options.is_framed ? Framing::kWhole : options.framing),
        decoder_{options.on_malformed, options.skip_tombstones, options.is_framed,
                 known_schemas(options)},
        columns_(std::move(columns)) {}

  Framing framing() const override { return framing_; }
  const engine::Schema& declared() const override { return columns_.declared; }
  const engine::Schema& decoded() const override { return columns_.decoded; }
  OnMalformed on_malformed() const override { return decoder_.on_malformed; }

  std::unique_ptr<Decoder> make_decoder(
      const std::vector<std::optional<size_t>>& slots) const override {
    return make_json_decoder(columns_, slots, decoder_);
  }
  void begin_epoch(const std::optional<RefusedSchemas>& refused) const override {
    if (decoder_.schemas != nullptr) decoder_.schemas->begin_epoch(refused);
  }
  std::optional<RefusedSchemas> refused_schemas() const override {
    if (decoder_.schemas == nullptr) return std::nullopt;
    return decoder_.schemas->refused();
  }

 private:
  Framing framing_;
  static std::shared_ptr<KnownSchemas<JsonSchemaText>> known_schemas(const JsonOptions& options) {
    if (options.source == nullptr) return nullptr;
    return std::make_shared<KnownSchemas<JsonSchemaText>>(options.source, options.clock, check);
  }
  static Result<std::shared_ptr<const JsonSchemaText>> check(const RegisteredSchema& registered) {
    if (registered.type == "JSON") return std::make_shared<const JsonSchemaText>();
    return invalid_argument("is not a JSON Schema but " + registered.type);
  }

  JsonDecoderOptions decoder_;
  DeclaredColumns columns_;
};

}  // namespace

Result<std::unique_ptr<Format>> make_json_format(const JsonOptions& options) {
  if (options.framing == Framing::kCsv) {
    return invalid_argument("JSON records cannot be cut as CSV rows");
  }
  ASSIGN_OR_RETURN(DeclaredColumns columns, declare_columns(options.columns, options.utc));
  return std::unique_ptr<Format>(std::make_unique<JsonFormat>(options, std::move(columns)));
}

}  // namespace lakeward::format
