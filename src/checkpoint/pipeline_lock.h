// One process a pipeline.
#pragma once

#include <filesystem>
#include <memory>

#include "base/status.h"

namespace lakeward::checkpoint {

// Holds a pipeline for this process, until destroyed. The kernel holds the lock (flock): a process
// that is killed leaves a file behind, but no lock.
class PipelineLock {
 public:
  // Locks `file`, made if missing together with its folder. Errors: Conflict, naming the process
  // and machine that hold it; IoError.
  static Result<std::unique_ptr<PipelineLock>> acquire(const std::filesystem::path& file);
  ~PipelineLock();
  PipelineLock(const PipelineLock&) = delete;
  PipelineLock& operator=(const PipelineLock&) = delete;

 private:
  explicit PipelineLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace lakeward::checkpoint
