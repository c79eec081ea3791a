// All connectors that this program has.
#pragma once

#include "stream/registry.h"

namespace lakeward::connectors {

// Adding a connector is one folder and one line here.
void register_connectors(stream::Registry& registry);

}  // namespace lakeward::connectors
