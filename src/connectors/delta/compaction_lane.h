// Merges files of some sizes of the table that a sink appends to, in a thread of its own.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/status.h"
#include "delta/compactor.h"
#include "delta/small_files.h"
#include "engine/database.h"
#include "io/object_store.h"

namespace lakeward::connectors::delta {

// Files of which sizes, and when.
struct Band {
  lakeward::delta::TierPolicy policy = {};
  uint64_t commits_a_round = 1;  // that are waited for, unless more is known to be due
  bool is_urgent = false;        // a rest ends when two tiers' worth of commits have come
};

// The thread begins with the sink's first commits beyond a tier's worth, so that a run that makes
// only a few costs nothing, and waits for the next commits whenever nothing is due. After each
// round it rests for three times as long as the round took, or until much is due. It shares nothing
// with the sink but the table, and holds no lock while it works: a commit never waits for it.
//
// A failure is logged, kept for problem(), and tried again after a growing pause. Thread-safe.
class CompactionLane {
 public:
  // `name` is the sink's, for messages. All else outlives this object.
  CompactionLane(std::string name, io::ObjectStore& store, std::string path,
                 engine::Database& database, Clock& clock, const Band& band);
  ~CompactionLane() { stop(); }
  CompactionLane(const CompactionLane&) = delete;
  CompactionLane& operator=(const CompactionLane&) = delete;

  // The sink has committed.
  void note_commit();
  // Gives up the running round; nothing of it is lost, for nothing of it is committed.
  void stop();
  // Why merging fails now, for people; "" if it does not.
  std::string problem() const;
  // What all rounds came to.
  lakeward::delta::MergeTotals totals() const;
  // How long they took.
  Duration busy() const;

 private:
  struct Rest {
    Duration length{0};
    bool whole = false;  // however many commits come meanwhile
  };

  void run(std::stop_token stop);
  // One round, and how to rest after it. Sets `again` if there may be more to do.
  Rest work(std::stop_token stop, bool& again);
  // `seen`: the commits before the round. False when it is to stop.
  bool pause(Rest rest, uint64_t seen, std::stop_token stop);
  Result<lakeward::delta::MergeCommit> run_round(std::stop_token stop);
  Duration note_failure(const Status& status);
  void note_success(const lakeward::delta::MergeCommit& done, Duration took);

  const std::string name_;
  io::ObjectStore& store_;
  const std::string path_;
  engine::Database& database_;
  Clock& clock_;
  const Band band_;

  mutable std::mutex mutex_;  // guards all below but the thread
  std::condition_variable_any changed_;
  uint64_t commits_ = 0;
  bool ended_ = false;
  std::string problem_;
  uint64_t failures_ = 0;  // in a row
  lakeward::delta::MergeTotals totals_;
  Duration busy_{0};
  std::unique_ptr<lakeward::delta::Compactor> compactor_;  // used by the thread alone; see ~
  std::jthread thread_;
};

}  // namespace lakeward::connectors::delta
