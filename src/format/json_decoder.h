// The decoder of JsonFormat.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "format/column_kind.h"
#include "format/decoder.h"
#include "format/known_schemas.h"

namespace lakeward::format {

// Of a schema it is enough that it is there.
struct JsonSchemaText {};

struct JsonDecoderOptions {
  OnMalformed on_malformed = OnMalformed::kDeadLetter;
  bool skip_tombstones = false;
  bool is_framed = false;                                           // see registry_header.h
  std::shared_ptr<KnownSchemas<JsonSchemaText>> schemas = nullptr;  // null: any id will do
};

// `columns` must outlive the decoder; `slots` as Format::make_decoder has it. Columns that are not
// used are checked all the same: which records are rejected does not depend on the query.
std::unique_ptr<Decoder> make_json_decoder(const DeclaredColumns& columns,
                                           const std::vector<std::optional<size_t>>& slots,
                                           const JsonDecoderOptions& options);

}  // namespace lakeward::format
