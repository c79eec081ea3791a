#include "connectors/registry.h"

#include "connectors/file/source.h"
#include "connectors/simulator/source.h"

namespace lakeward::connectors {

void register_connectors(stream::Registry& registry) {
  registry.add_source("file", file::source_type());
  registry.add_source("simulator", simulator::source_type());
}

}  // namespace lakeward::connectors
