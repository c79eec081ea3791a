// What a pipeline's next run would find at its source.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "service/workspace.h"

namespace lakeward::service {

struct NextEpoch {
  uint64_t lost = 0;        // records that were deleted before they were read, and are left out
  std::string notice = {};  // see stream::SourceLag
};

// Plans the epoch behind the last committed one, or a first one, as a run does: from a copy of what
// the source keeps in the checkpoint. Writes nothing. Errors: with which the run would end or wait.
Result<NextEpoch> plan_next_epoch(Workspace& workspace, const project::Pipeline& pipeline,
                                  std::stop_token stop);

}  // namespace lakeward::service
