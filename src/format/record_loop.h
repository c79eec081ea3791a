// What every decoder does with a batch: rows, rejections, and what on_malformed says.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "format/decoder.h"
#include "format/reasons.h"

namespace lakeward::format {

// What became of one record.
enum class RecordOutcome { kRow, kRefused, kSkipped };
inline RecordOutcome outcome_of(bool decoded) {
  return decoded ? RecordOutcome::kRow : RecordOutcome::kRefused;
}
inline RecordOutcome outcome_of(RecordOutcome outcome) { return outcome; }

// `decode_record(payload, row)` writes one row and returns whether it could, or a RecordOutcome. If
// it made no row, every column that it nulled must be given back (ColumnWriter::unset_null) first;
// if it refused the record, `reason()` says why.
// `null_row(row)` makes all columns of the row NULL.
template <typename DecodeRecord, typename Reason, typename NullRow>
Result<DecodeProgress> decode_records(OnMalformed on_malformed, const RecordBatch& batch,
                                      size_t first_record, size_t first_row,
                                      std::span<uint32_t> row_records,
                                      std::vector<Rejection>& rejections,
                                      DecodeRecord decode_record, Reason reason, NullRow null_row) {
  const std::span<const Record> records = batch.records;
  size_t row = first_row;
  size_t i = first_record;
  for (; i < records.size() && row < engine::kChunkRows; ++i) {
    const RecordOutcome outcome = outcome_of(decode_record(records[i].payload, row));
    if (outcome != RecordOutcome::kRow) [[unlikely]] {
      if (outcome == RecordOutcome::kSkipped) continue;
      if (on_malformed == OnMalformed::kFail) {
        return expectation_failed(describe_place(batch, i) + ": " + reason() +
                                  " (decode says on_malformed: fail)");
      }
      if (on_malformed == OnMalformed::kDeadLetter) {
        const uint64_t split = batch.provenance == nullptr ? 0 : batch.provenance->split;
        rejections.push_back({Position::make(split, records[i].place), reason()});
        continue;
      }
      null_row(row);
    }
    if (!row_records.empty()) row_records[row] = static_cast<uint32_t>(i);
    ++row;
  }
  return DecodeProgress{i - first_record, row - first_row};
}

}  // namespace lakeward::format
