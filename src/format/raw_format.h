// Records as they are: `decode: raw`.
//
// One column, `value VARCHAR`, the whole record as text: a record that is not UTF-8 is rejected,
// and one without a payload is NULL. Who wants the bytes whatever they are uses the column `_raw`
// of input.
#pragma once

#include <memory>

#include "format/decoder.h"

namespace lakeward::format {

struct RawOptions {
  Framing framing = Framing::kLines;
  OnMalformed on_malformed = OnMalformed::kDeadLetter;
};

std::unique_ptr<Format> make_raw_format(const RawOptions& options);

}  // namespace lakeward::format
