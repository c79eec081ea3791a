// What a running pipeline says of itself to other processes: <checkpoint>/_lakeward/status.json.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "io/object_store.h"
#include "service/runner.h"

namespace lakeward::service {

struct StatusFile {
  std::string state;  // as stream::to_string(PipelineState)
  int64_t pid = 0;
  std::string host;
  Timestamp updated;
  std::optional<int64_t> epoch;  // the last committed one
  uint64_t epochs = 0;           // that the process committed
  stream::Accounting total;      // of the process
  double rows_per_second = 0;    // read, while it was busy
  std::string position;
  std::string last_error;
  std::optional<Timestamp> last_error_time;
  std::string problem;  // as stream::PipelineStatus

  // Whether the process that wrote it lives on this machine and has not ended its work.
  bool is_alive() const;
};

// The file's text without `updated`, to know whether there is something new.
std::string print_status(const PipelineReport& report);
// Replaces the file atomically.
Status write_status(io::ObjectStore& checkpoints, const std::string& folder,
                    const std::string& printed, Timestamp now);
// nullopt if the pipeline never ran. Errors: Corruption.
Result<std::optional<StatusFile>> read_status(io::ObjectStore& checkpoints,
                                              const std::string& folder);

}  // namespace lakeward::service
