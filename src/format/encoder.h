// From columns to payload bytes: the Decoder's counterpart, for sinks that write messages.
//
// An Encoding says how a row is written; its encoders walk the engine's vectors column by column.
// One row becomes exactly one payload.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/column_type.h"
#include "engine/vector_view.h"

namespace lakeward::format {

// The payloads of a chunk's rows, one behind the other in memory that is used again.
class Payloads {
 public:
  size_t size() const { return ends_.size(); }
  bool is_null(size_t row) const { return !nulls_.empty() && nulls_[row]; }
  // Valid until the next clear(); empty for a null.
  std::string_view operator[](size_t row) const {
    const size_t begin = row == 0 ? 0 : ends_[row - 1];
    return std::string_view(bytes_).substr(begin, ends_[row] - begin);
  }

  // For encoders: append a payload's bytes to bytes(), then end it.
  void clear() {
    bytes_.clear();
    ends_.clear();
    nulls_.clear();
  }
  std::string& bytes() { return bytes_; }
  void end_payload() { ends_.push_back(bytes_.size()); }
  // Ends a payload that there is none of: a Kafka message without a value.
  void end_null() {
    nulls_.resize(ends_.size());
    nulls_.push_back(true);
    end_payload();
  }
  // Once, when the last payload is ended.
  void finish() {
    if (!nulls_.empty()) nulls_.resize(ends_.size());
  }

 private:
  std::string bytes_;
  std::vector<size_t> ends_;
  std::vector<bool> nulls_;  // empty, or one for each payload
};

// Whether a row is NULL in all of these.
inline bool all_null(std::span<const engine::VectorView> columns, size_t row) {
  return std::all_of(columns.begin(), columns.end(),
                     [row](const engine::VectorView& column) { return column.is_null(row); });
}

// Used by one thread.
class Encoder {
 public:
  virtual ~Encoder() = default;

  // Replaces `out` by the payloads of the first `rows` rows of these columns, which are those that
  // make_encoder() was given. There is one virtual call a chunk, not one a value. A Status means a
  // value that cannot be written (InvalidArgument, naming its column), or a bug.
  virtual Status encode(std::span<const engine::VectorView> columns, size_t rows,
                        Payloads& out) = 0;
};

// A declared way of writing rows.
class Encoding {
 public:
  virtual ~Encoding() = default;

  // Whether rows of these columns can be written; asks no service. Errors: InvalidArgument names a
  // column that cannot be, and the mend.
  virtual Status check(const std::vector<engine::TypedColumn>& columns) const {
    return make_encoder(columns).status();
  }

  // Asks the service that it needs, if it needs one: what was seen, for people; else "".
  virtual Result<std::string> reach() const { return std::string(); }

  // Errors: InvalidArgument names a column that cannot be written, and the mend; Unavailable if
  // this needs a service (a schema registry) that cannot be reached.
  virtual Result<std::unique_ptr<Encoder>> make_encoder(
      const std::vector<engine::TypedColumn>& columns) const = 0;
};

// The text or bytes of the only column; NULL is a null payload.
std::unique_ptr<Encoding> make_raw_encoding();

}  // namespace lakeward::format
