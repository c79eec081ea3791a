// Runs one pipeline: the facade that the command line and the server build on.
//
//   open_checkpoint() → query id → the sinks → PipelineSpec → PipelineRunner::make() → run or
//   drain.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/status.h"
#include "checkpoint/checkpoint_log.h"
#include "engine/database.h"
#include "engine/result.h"
#include "format/decoder.h"
#include "stream/expectations.h"
#include "stream/observer.h"
#include "stream/sink.h"
#include "stream/source.h"
#include "stream/table_catalog.h"

namespace lakeward::stream {

// A pipeline, resolved and ready to run. Either a stream (`source` set) or a view (`source` null:
// `transform` is its query over lake tables, and the one sink overwrites).
struct PipelineSpec {
  std::string name;
  std::unique_ptr<Source> source;
  std::unique_ptr<format::Format> format;  // null for a source that yields an InputRelation
  std::string transform = "SELECT * FROM input";
  std::vector<Expectation> expectations;
  std::vector<std::unique_ptr<Sink>> sinks;  // at least one, save for peek()
  // The table dead_letter.<pipeline>; needed if the format or an expectation says dead_letter
  // (InvalidArgument otherwise), save for peek().
  std::unique_ptr<Sink> dead_letters;
  Limits limits;  // of one epoch
  // Lake tables that the transform names ("silver.devices"): an epoch reads them at one version,
  // fixed in its plan. A view has at least one.
  std::vector<std::string> lake_tables;
  TableCatalog* tables = nullptr;  // outlives the runner; needed with lake_tables
  // Null only for peek(), which touches no checkpoint.
  std::unique_ptr<checkpoint::CheckpointLog> checkpoint;
};

// What the process lends to a runner. All of it outlives the runner.
struct RunnerEnvironment {
  Clock& clock;
  Random& random;  // not shared with other threads
  engine::Database& database;
  Observer* observer = nullptr;
  uint64_t memory_bytes = 0;  // that the process may use: for messages; 0: not known
};

// What peek() shows: nothing was written anywhere.
struct Peek {
  engine::Schema schema;
  engine::Rows rows;  // rows that keep all expectations; every column as text
  std::vector<std::string>
      rejected;  // "input/a.jsonl:3: malformed JSON: …", "breaks has_device: …"
};

// Not thread-safe, save for status() and interrupt().
class PipelineRunner {
 public:
  // Checks and binds everything that can be checked without reading data. Errors: InvalidArgument
  // for SQL, expectations or sinks that do not fit; whatever the source or a sink refuses.
  static Result<std::unique_ptr<PipelineRunner>> make(PipelineSpec spec,
                                                      RunnerEnvironment environment);
  virtual ~PipelineRunner() = default;

  // Follows the source: an epoch whenever there is something new, at most one each `every`. Returns
  // OK when `stop` is requested, after the running epoch is committed, or given up because nothing
  // comes of its source or by interrupt().
  // Retriable errors are retried for ever with growing waits, unless the observer gives up; any
  // other ends the run: ExpectationFailed, Conflict (another process runs this pipeline),
  // Corruption, ….
  virtual Status run(Duration every, std::stop_token stop) = 0;
  // `--once`: until everything that the source has at the beginning is committed. Errors as run();
  // Cancelled if stopped before.
  virtual Status drain(std::stop_token stop) = 0;
  // Runs at most `count` records through decode and transform, from where the source begins.
  virtual Result<Peek> peek(size_t count, std::stop_token stop) = 0;

  // The columns that reach the sinks; known once the input is (a source table may not exist yet).
  virtual Result<std::optional<engine::Schema>> output_schema() = 0;
  virtual PipelineStatus status() const = 0;
  // Gives up a query that runs now; its epoch is not committed and is repeated by the next run.
  virtual void interrupt() = 0;
};

}  // namespace lakeward::stream
