// How many dead letters a pipeline has, by cause: the expectations that they break, "transform" or
// "malformed".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "service/workspace.h"
#include "stream/epoch.h"

namespace lakeward::service {

using LetterCounts = std::map<std::string, uint64_t>;

// Those that no replay has taken yet; nullopt if there was no replay: all wait. Changes nothing.
// Errors: those of the checkpoint and of where they are kept.
Result<std::optional<LetterCounts>> waiting_letters(Workspace& workspace,
                                                    const project::Pipeline& pipeline,
                                                    std::stop_token stop);

// Those of a run whose first epoch this is. Errors as above.
Result<LetterCounts> letters_of_run(Workspace& workspace, const project::Pipeline& pipeline,
                                    const stream::Epoch& first);

}  // namespace lakeward::service
