// The table `input` of a session, for one epoch after the other.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/session.h"
#include "format/decoder.h"
#include "stream/epoch.h"
#include "stream/record_table.h"
#include "stream/source.h"

namespace lakeward::stream {

// Makes now(), current_timestamp, current_date and the like mean the time of fix_epoch_time() in
// this session. Once a session.
Status define_clocks(engine::Session& session);
Status fix_epoch_time(engine::Session& session, const Epoch& epoch);

// `input` is a view: over a RecordTable, casting what has no native decoder, or over the SELECT of
// an InputRelation. Not thread-safe.
class EpochInput {
 public:
  // All outlive it. `format` is null for a source of relations.
  EpochInput(engine::Session& session, Source& source, const format::Format* format);

  // The rows of one split come in their order from now on; see ReadRequest. Before define().
  void keep_order();
  // See ReadRequest; for all reads from now on.
  void stop_by(const std::stop_token& stop);

  // What the gate refuses, and what is malformed, is kept for define_records() as far as it can be.
  // Returns where to note it; null for relations. Before define().
  RecordCapture* capture_refused();
  // Forgets what was captured: by a query that used other columns of the records.
  void forget_captured() { capture_.reset(); }

  // Defines `input` without rows, to bind SQL against it; false if its columns are not known yet.
  Result<bool> define_empty();
  // Defines `input` as the range's rows. True if its columns are not those of before.
  Result<bool> define(const OffsetRange& range);
  // Defines the table `lakeward_records`: kRecordColumns of the records at these positions
  // (ascending, not empty). With `restrict_input`, `input` has only their rows from now on.
  Status define_records(const std::vector<uint64_t>& positions, bool restrict_input);

  // From now on define() reads the whole range into a temporary table first, and leaves rows whose
  // text does not cast out of `input`: they count as malformed. The records' bytes are kept only if
  // `transform` names one of their columns.
  void stage_casts(const std::string& transform);

  // Reads on to the end what the last query left unread, so that every record is seen once.
  Status finish_reading();
  // Of the reads since define().
  Result<ReadTally> tally();
  // After define_records(): that the source gave exactly these records again.
  Status check_records(size_t expected);

  // Columns of `input` that `*` leaves out.
  const std::vector<std::string>& hidden() const { return hidden_; }
  // `input` has kUncastColumn.
  bool has_casts() const { return has_casts_; }

 private:
  Status define_record_view();
  Status stage_rows();
  Result<bool> define_relation_view(const std::string& select);
  Status define_relation_records();

  engine::Session& session_;
  Source& source_;
  const format::Format* format_;
  RecordCapture capture_;
  std::unique_ptr<RecordTable> table_;    // null for relations
  std::unique_ptr<RecordTable> records_;  // without a format; made when first needed
  std::vector<std::string> hidden_;
  bool has_casts_ = false;
  bool defined_ = false;
  bool staged_ = false;
  bool stages_bytes_ = false;
  bool kept_ = false;                       // rows of a relation, from define_records() on
  std::map<uint64_t, std::string> uncast_;  // reasons by position, if staged
  OffsetRange range_;
  std::string relation_;            // the SELECT of the epoch
  engine::Schema relation_schema_;  // without the position
  std::vector<uint64_t> only_;
};

}  // namespace lakeward::stream
