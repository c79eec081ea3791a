// What decoders make of the schemas that records name by their ids.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/status.h"
#include "format/decoder.h"
#include "format/schema_source.h"

namespace lakeward::format {

// What was made of a schema, or why records of this schema are refused.
template <typename Compiled>
struct KnownSchema {
  std::shared_ptr<const Compiled> compiled;
  std::string refusal = {};
  std::optional<Timestamp> ask_again = {};  // of a schema that did not exist
};

// All threads of a format share one: each id is asked for once. A schema that did not exist is
// asked for again in an epoch that begins a minute later, if there is a clock.
template <typename Compiled>
class KnownSchemas {
 public:
  // An error of it says why records of this schema are refused, behind "schema 7 ".
  using Compile = std::function<Result<std::shared_ptr<const Compiled>>(const RegisteredSchema&)>;

  KnownSchemas(std::shared_ptr<SchemaSource> source, Clock* clock, Compile compile)
      : source_(std::move(source)), clock_(clock), compile_(std::move(compile)) {}

  // Errors: those of the source, but for NotFound.
  Result<KnownSchema<Compiled>> find(uint32_t id) {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(id);
    if (found != known_.end()) return note(id, found->second);
    ASSIGN_OR_RETURN(KnownSchema<Compiled> schema, ask(id));
    known_[id] = schema;
    return note(id, std::move(schema));
  }

  // See Format.
  void begin_epoch(const std::optional<RefusedSchemas>& refused) {
    const std::lock_guard lock(mutex_);
    refused_before_ = refused;
    refused_.clear();
    std::erase_if(known_, [&](const auto& one) { return is_stale(one.second); });
  }
  RefusedSchemas refused() const {
    const std::lock_guard lock(mutex_);
    return {refused_.begin(), refused_.end()};
  }

 private:
  bool is_stale(const KnownSchema<Compiled>& schema) const {
    return schema.ask_again && clock_ != nullptr && clock_->now() >= *schema.ask_again;
  }

  KnownSchema<Compiled> note(uint32_t id, KnownSchema<Compiled> schema) {
    if (schema.ask_again) refused_.insert(id);
    return schema;
  }

  static constexpr Duration kAskAgainAfter = std::chrono::minutes(1);

  Result<KnownSchema<Compiled>> ask(uint32_t id) {
    KnownSchema<Compiled> schema;
    const std::string what = "schema " + std::to_string(id);
    const bool before =
        refused_before_ && std::binary_search(refused_before_->begin(), refused_before_->end(), id);
    const Result<RegisteredSchema> registered =
        before ? Result<RegisteredSchema>(not_found(what)) : source_->schema(id);
    if (registered.status().code() == StatusCode::kNotFound) {
      if (refused_before_ && !before) {
        return unavailable(what + " is not known to " + source_->name() +
                           ", and was when the epoch was begun; register it again");
      }
      schema.refusal = what + " is not known to " + source_->name();
      schema.ask_again = (clock_ == nullptr ? Timestamp() : clock_->now()) + kAskAgainAfter;
      return schema;
    }
    if (!registered.ok()) return registered.status().with_context(what);
    auto compiled = compile_(*registered);
    if (compiled.ok()) {
      schema.compiled = std::move(compiled).value();
    } else {
      schema.refusal = what + " " + compiled.status().message();
    }
    return schema;
  }

  const std::shared_ptr<SchemaSource> source_;
  Clock* const clock_;
  const Compile compile_;

  mutable std::mutex mutex_;  // guards what follows
  std::optional<RefusedSchemas> refused_before_;
  std::set<uint32_t> refused_;
  std::map<uint32_t, KnownSchema<Compiled>> known_;
};

}  // namespace lakeward::format
