// Values as JSON text, or skipped.
#pragma once

#include <string>
#include <string_view>

#include "format/avro/input.h"
#include "format/avro/plan.h"

namespace lakeward::format::avro {

// Whether it is UTF-8; kPadding bytes behind it must be readable.
bool is_text(std::string_view bytes);

// Walks over values by their plan, and leaves them as text in text(). Numbers are JSON's; times,
// dates, decimals, UUIDs and enums are strings that the engine casts; bytes are base64.
// NULL is null. Which
// branch of a union a value was of is not said.
//
// Functions are as Input's. A value that is well-formed and cannot be read as the reader has it
// (PlanNode::mismatch, an unknown symbol, text that is not UTF-8) fails with reason().
class ValueText {
 public:
  ValueText(const Plan& plan, Input& input) : plan_(plan), input_(input) {}

  const char* skip(PlanId id, const char* p) { return walk<false>(id, p, 0); }
  // text() is empty for null.
  const char* json(PlanId id, const char* p);
  // The same for a scalar, not as JSON: without quotes and escapes.
  const char* plain(PlanId id, const char* p);

  const std::string& text() const { return text_; }
  bool is_null() const { return text_ == "null"; }
  const std::string& reason() const { return reason_; }
  void clear_reason() { reason_.clear(); }
  const char* refuse(std::string reason) {
    reason_ = std::move(reason);
    return nullptr;
  }

 private:
  template <bool kWrite>
  const char* walk(PlanId id, const char* p, int depth);
  template <bool kWrite>
  const char* walk_union(const PlanNode& node, const char* p, int depth);
  template <bool kWrite>
  const char* walk_record(const PlanNode& node, const char* p, int depth);
  template <bool kWrite>
  const char* walk_items(const PlanNode& node, const char* p, int depth);
  template <bool kWrite>
  const char* walk_number(const PlanNode& node, const char* p);
  template <bool kWrite>
  const char* walk_bytes(const PlanNode& node, const char* p);
  template <bool kWrite>
  const char* walk_enum(const PlanNode& node, const char* p);
  const char* write_default(const PlanDefault& missing, int depth);

  void append_quoted(std::string_view text);

  const Plan& plan_;
  Input& input_;
  std::string text_;
  std::string reason_;
  bool plain_ = false;
};

}  // namespace lakeward::format::avro
