// Where partitions end, records of open transactions among them.
#pragma once

#include <vector>

#include "connectors/kafka/client.h"
#include "connectors/kafka/offsets.h"

namespace lakeward::connectors::kafka {

// Whatever the client's isolation.level is. Errors: as Client::failed(); Unavailable.
Result<Offsets> high_watermarks(Client& client, const std::vector<TopicPartition>& partitions);

}  // namespace lakeward::connectors::kafka
