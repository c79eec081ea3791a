// The decoder of JsonFormat.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "format/column_kind.h"
#include "format/decoder.h"

namespace lakeward::format {

// `columns` must outlive the decoder; `slots` as Format::make_decoder has it. Columns that are not
// used are checked all the same: which records are rejected does not depend on the query.
std::unique_ptr<Decoder> make_json_decoder(const DeclaredColumns& columns,
                                           const std::vector<std::optional<size_t>>& slots,
                                           OnMalformed on_malformed);

}  // namespace lakeward::format
