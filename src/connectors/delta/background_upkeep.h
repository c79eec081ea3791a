// Writes the checkpoints of the table that a sink commits to, in a thread of its own.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/status.h"
#include "delta/checkpoint.h"
#include "delta/table.h"
#include "engine/database.h"
#include "io/object_store.h"

namespace lakeward::connectors::delta {

// A checkpoint lists every live file and every tombstone, so it costs more as a table grows; a
// commit does not wait for it. The thread begins with the first state that is due. If several come
// due while one is written, only the newest of them follows. A failure is logged and kept for
// problem(); the next state that is due tries again. Thread-safe.
class BackgroundUpkeep {
 public:
  // `name` is the sink's, for messages. All else outlives this object.
  BackgroundUpkeep(std::string name, io::ObjectStore& store, std::string path,
                   engine::Database& database, const Clock& clock)
      : name_(std::move(name)),
        store_(store),
        path_(std::move(path)),
        database_(database),
        clock_(clock) {}
  // Finishes what is due.
  ~BackgroundUpkeep();
  BackgroundUpkeep(const BackgroundUpkeep&) = delete;
  BackgroundUpkeep& operator=(const BackgroundUpkeep&) = delete;

  // The state of a version whose checkpoint is due.
  void note_due(const lakeward::delta::TableState& state);
  // Why the last checkpoint could not be written, for people; "" if it could.
  std::string problem() const;

 private:
  void run(std::stop_token stop);
  Status work(lakeward::delta::TableState state);

  const std::string name_;
  io::ObjectStore& store_;
  const std::string path_;
  engine::Database& database_;
  const Clock& clock_;
  std::optional<lakeward::delta::Table> table_;  // used by the thread alone, as is upkeep_
  lakeward::delta::LogUpkeep upkeep_;

  mutable std::mutex mutex_;  // guards due_ and problem_
  std::condition_variable_any changed_;
  std::optional<lakeward::delta::TableState> due_;
  std::string problem_;
  std::jthread thread_;
};

}  // namespace lakeward::connectors::delta
