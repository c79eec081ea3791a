// Where rows go: the contract of every sink. Writer → committable → committer.
#pragma once

#include <any>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "engine/schema.h"
#include "engine/session.h"
#include "stream/epoch.h"

namespace lakeward::stream {

// What a writer wrote and a committer is to make visible.
struct Committable {
  uint64_t rows = 0;
  uint64_t bytes = 0;
  uint64_t files = 0;
  // Whether the writer may write the next epoch, or discard it, while the committer commits this
  // one on another thread. A sink that says so must be ready for it, and for the next epoch never
  // to be committed.
  bool overlaps = false;
  std::any content;  // the sink's own business
};

// Not thread-safe, but see Committable::overlaps.
class SinkWriter {
 public:
  virtual ~SinkWriter() = default;

  // Whether rows of this schema can be written: InvalidArgument names the columns that do not fit
  // and the mend. Called before the first epoch of a run; changes nothing in the target.
  virtual Status check(const engine::Schema& rows) = 0;

  // Runs `select` exactly once and writes its rows where no reader sees them yet.
  virtual Result<Committable> write(engine::Session& session, const std::string& select,
                                    const Epoch& epoch) = 0;

  // Removes, as far as possible, what a write that will not be committed left behind.
  virtual void discard(Committable committable) = 0;
};

// Makes what a SinkWriter wrote visible, exactly once.
//
// commit() may be called again for an epoch that is already visible, after a crash or a lost reply;
// it then changes nothing and returns OK. Epochs arrive in increasing order. Not thread-safe, but
// see Committable::overlaps.
class Committer {
 public:
  virtual ~Committer() = default;

  // The last epoch that is visible in the target, or nullopt if there is none or the target cannot
  // tell. Errors: Unavailable (retriable) if the target cannot be reached.
  virtual Result<std::optional<int64_t>> last_committed() = 0;

  // Makes `committable` visible as `epoch`. Errors: Unavailable (retriable); Conflict if another
  // writer owns the target; Corruption if the target's record contradicts ours.
  virtual Status commit(const Epoch& epoch, Committable committable,
                        const Accounting& accounting) = 0;
};

class Sink {
 public:
  virtual ~Sink() = default;
  virtual SinkWriter& writer() = 0;
  virtual Committer& committer() = 0;
  // For people and metrics: "delta silver.sensor_data".
  virtual std::string name() const = 0;
  // The table of the lake that it writes ("silver.sensor_data"); "" if it writes none.
  virtual std::string lake_table() const { return ""; }
  // What the sink does beside its commits and cannot do now, for people; "" if nothing. Any thread
  // may call it.
  virtual std::string problem() const { return ""; }
  // For `doctor`: asks the target whether it can be written to, without writing to it or being in
  // the way of a pipeline that runs. What was seen, for people; "" if there is nothing to ask.
  // Errors: what is wrong, and the mend.
  virtual Result<std::string> reach() { return std::string(); }
  // Whether what is written has an order: then the records of one split of the source come to
  // write() in theirs, as far as the transform keeps it.
  virtual bool keeps_order() const { return false; }
};

}  // namespace lakeward::stream
