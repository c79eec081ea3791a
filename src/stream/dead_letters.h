// Rejected records and rows as rows of the table dead_letter.<pipeline>.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "engine/schema.h"
#include "engine/session.h"
#include "engine/table_source.h"
#include "stream/transform.h"

namespace lakeward::stream {

// epoch, rejected_at, reason, expectation, topic, partition, offset, file, line, key, raw, row,
// key_bytes, timestamp, headers. `key` is the record's `_key`, text; `key_bytes` what it is.
// `raw` is the record's bytes, NULL of a record without a payload (of an input table's row: the row
// as JSON); `row` is the transformed row as JSON, NULL if the record could not be decoded.
const engine::Schema& dead_letter_schema();

// How the reason of a record begins on which the transform fails.
inline constexpr const char* kTransformFails = "the transform fails on this record";
// What a dead letter is counted under, in SQL: the expectations that it breaks, or these.
inline constexpr const char* kDeadLetterCause =
    "CASE WHEN expectation IS NOT NULL THEN expectation "
    "WHEN reason LIKE 'the transform fails on this record%' THEN 'transform' "
    "ELSE 'malformed' END";

// Malformed records' positions and reasons, as a table of a session.
class MalformedTable final : public engine::TableSource {
 public:
  explicit MalformedTable(const std::map<uint64_t, std::string>& malformed)
      : malformed_(malformed) {}
  const engine::Schema& schema() const override;
  Result<std::unique_ptr<engine::TableScan>> scan(const std::vector<size_t>& columns) override;

 private:
  const std::map<uint64_t, std::string>& malformed_;
};

// The name that a MalformedTable must have in the session for dead_letter_select().
inline constexpr const char* kMalformedTable = "lakeward_malformed";

// One row for each malformed record and each row that the transform refuses, as the DeadLetterGate
// `gate` says. With positions, the
// session must have `lakeward_records` (EpochInput::define_records).
std::string dead_letter_select(const Transform& transform, uint64_t gate, bool any_malformed,
                               bool any_refused);

}  // namespace lakeward::stream
