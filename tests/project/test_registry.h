// A registry of connectors that only check their options, for tests of project/ alone.
#pragma once

#include "stream/registry.h"

namespace lakeward::project {

stream::Registry make_test_registry();

}  // namespace lakeward::project
