// What this process does not wait for any more.
#pragma once

#include <cstddef>

namespace lakeward::connectors::kafka {

// Calls into librdkafka that have not come back, each with a client and its threads. While there
// are some, the process ends by _exit(): destructors of libraries would run beside them.
size_t calls_left_behind();

}  // namespace lakeward::connectors::kafka
