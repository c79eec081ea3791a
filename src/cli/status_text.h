// How far pipelines are, as people read it.
#pragma once

#include <string>
#include <vector>

#include "cli/text_table.h"
#include "service/pipeline_facts.h"

namespace lakeward::cli {

// Where a pipeline is: of a few parts each one, "t/0 at 5, t/1 at 7", of many what they have in
// common, "t: 1,000 parts at 120 to 4,501".
std::string position_summary(const service::PipelineFacts& facts);

// A line for each pipeline. Lost records have a column if there are any.
std::string status_table(const std::vector<service::PipelineFacts>& pipelines, Screen screen);

// A line for each part of the source; empty if it has none.
std::string parts_table(const service::PipelineFacts& facts, Screen screen);

// By how much a part is behind.
uint64_t behind(const stream::PartLag& part);

}  // namespace lakeward::cli
