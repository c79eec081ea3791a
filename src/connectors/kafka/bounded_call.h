// For calls of librdkafka's that may not come back.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "base/status.h"
#include "connectors/kafka/handles.h"

namespace lakeward::connectors::kafka {

// What `call` returns; nullopt if it has not come back within `longest`. It goes on then, on a
// thread that nobody joins: what it uses must be its own, or shared with it, and is let go of there
// when it does come back (calls_left_behind(), left_behind.h). Errors: Unavailable, if the system
// gives no thread.
Result<std::optional<Error>> call_bounded(std::function<rd_kafka_error_t*()> call,
                                          std::chrono::milliseconds longest);

}  // namespace lakeward::connectors::kafka
