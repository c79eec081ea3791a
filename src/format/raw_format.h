// Records as they are: `decode: raw`.
//
// One column, `value`: the whole record as text (VARCHAR; a record that is not UTF-8 is rejected),
// or its bytes whatever they are (BLOB). A record without a payload is NULL.
#pragma once

#include <memory>

#include "format/decoder.h"

namespace lakeward::format {

struct RawOptions {
  Framing framing = Framing::kLines;
  OnMalformed on_malformed = OnMalformed::kDeadLetter;
  bool bytes = false;  // BLOB
};

// The column.
engine::Schema raw_schema(bool bytes);

std::unique_ptr<Format> make_raw_format(const RawOptions& options);

}  // namespace lakeward::format
