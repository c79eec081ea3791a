// The decoder of CsvFormat.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "format/column_kind.h"
#include "format/csv_fields.h"
#include "format/decoder.h"

namespace lakeward::format {

struct CsvRules {
  CsvDialect dialect;
  std::string null_text;
  OnMalformed on_malformed = OnMalformed::kDeadLetter;
};

// `columns` and `rules` must outlive the decoder; `slots` as Format::make_decoder has it. Columns
// that are not used are checked all the same.
std::unique_ptr<Decoder> make_csv_decoder(const DeclaredColumns& columns, const CsvRules& rules,
                                          const std::vector<std::optional<size_t>>& slots);

}  // namespace lakeward::format
