// Rows as JSON texts: what the encodings of json_encoding.h have in common.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/column_type.h"
#include "format/encoder.h"

namespace lakeward::format {

// What becomes of NULL in a column of its own.
enum class JsonNull {
  kWritten,  // null
  kLeftOut,  // the object does not have the member
  kRefused,  // InvalidArgument of encode()
};

struct JsonWriting {
  std::string header;           // before each payload
  std::vector<JsonNull> nulls;  // one a column; empty: kWritten
  bool is_key = false;          // columns that are all NULL are a null payload
  bool is_bare = false;         // of one column: its value, not an object
  // NaN and the infinities, which a schema's numbers are not, are InvalidArgument of encode().
  bool only_finite = false;
};

// Errors: InvalidArgument names a column that cannot be written, and the mend.
Status check_json_columns(const std::vector<engine::TypedColumn>& columns);
// Of columns that are checked.
std::unique_ptr<Encoder> make_json_encoder(const std::vector<engine::TypedColumn>& columns,
                                           JsonWriting writing);

}  // namespace lakeward::format
