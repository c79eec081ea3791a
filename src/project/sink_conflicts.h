// Sinks of a project that each for itself are right, but not together.
#pragma once

#include "config/value.h"
#include "project/project.h"
#include "stream/registry.h"

namespace lakeward::project {

// Tables that are overwritten and written by another, sinks that end each other (two holders of a
// Kafka transactional id), and pipelines that read what they write themselves.
void find_sink_conflicts(const stream::Registry& registry, const Project& project,
                         config::Problems& problems);

}  // namespace lakeward::project
