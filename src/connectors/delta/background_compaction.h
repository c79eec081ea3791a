// Merges the small files of the table that a sink appends to, beside its commits.
#pragma once

#include <string>

#include "base/clock.h"
#include "connectors/delta/compaction_lane.h"
#include "engine/database.h"
#include "io/object_store.h"

namespace lakeward::connectors::delta {

// Two lanes, which share no file: one makes files of an eighth of the target size out of what the
// sink writes; the other makes files of the target size out of these. A merge of the second takes
// seconds, in which dozens of commits may come: the first goes on meanwhile. Thread-safe.
class BackgroundCompaction {
 public:
  // `name` is the sink's, for messages. All else outlives this object.
  BackgroundCompaction(const std::string& name, io::ObjectStore& store, const std::string& path,
                       engine::Database& database, Clock& clock);
  // Gives up running rounds; nothing of them is lost, for nothing of them is committed.
  ~BackgroundCompaction();
  BackgroundCompaction(const BackgroundCompaction&) = delete;
  BackgroundCompaction& operator=(const BackgroundCompaction&) = delete;

  // The sink has committed.
  void note_commit();
  // Why merging fails now, for people; "" if it does not.
  std::string problem() const;

 private:
  const std::string name_;
  CompactionLane small_, large_;
};

}  // namespace lakeward::connectors::delta
