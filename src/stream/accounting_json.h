// An epoch's accounting as the commit file keeps it.
#pragma once

#include <string>

#include "base/status.h"
#include "stream/epoch.h"

namespace lakeward::stream {

// One JSON object; the names are those of the struct's members.
std::string accounting_to_json(const Accounting& accounting);
// Numbers that are missing are 0. Errors: Corruption.
Result<Accounting> accounting_from_json(const std::string& json);

}  // namespace lakeward::stream
