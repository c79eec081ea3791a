// A Format of whole records whose decoders share what it was made with.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "format/decoder.h"

namespace lakeward::format {

// `Shared` has `declared`, `decoded`, `on_malformed` and `schemas` (KnownSchemas, or null); an
// `OwnDecoder` is made of a shared_ptr<Shared> and the slots.
template <typename Shared, typename OwnDecoder>
class SharedFormat final : public Format {
 public:
  explicit SharedFormat(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  Framing framing() const override { return Framing::kWhole; }
  const engine::Schema& declared() const override { return shared_->declared; }
  const engine::Schema& decoded() const override { return shared_->decoded; }
  OnMalformed on_malformed() const override { return shared_->on_malformed; }
  std::unique_ptr<Decoder> make_decoder(
      const std::vector<std::optional<size_t>>& slots) const override {
    return std::make_unique<OwnDecoder>(shared_, slots);
  }
  void begin_epoch(const std::optional<RefusedSchemas>& refused) const override {
    if (shared_->schemas != nullptr) shared_->schemas->begin_epoch(refused);
  }
  std::optional<RefusedSchemas> refused_schemas() const override {
    if (shared_->schemas == nullptr) return std::nullopt;
    return shared_->schemas->refused();
  }

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace lakeward::format
