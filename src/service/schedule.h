// Which pipelines a run has, and in what order.
#pragma once

#include <string>
#include <vector>

#include "project/lineage.h"
#include "service/runner.h"

namespace lakeward::service {

// Those of `names`, or all if there are none, in the order of their lineage; dependencies that are
// not asked for are left out. Errors: InvalidArgument for an unknown name, with the nearest one, or
// a project without pipelines.
Result<std::vector<ScheduledPipeline>> schedule(const project::Project& project,
                                                const project::Lineage& lineage,
                                                const std::vector<std::string>& names);

}  // namespace lakeward::service
