// Generated records as a source's.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "connectors/simulator/generators.h"
#include "stream/source.h"

namespace lakeward::connectors::simulator {

// The records [from, to), or only those of `only` (positions, ascending) if that is not empty. The
// place of record k is k.
std::unique_ptr<stream::RecordReader> make_record_reader(std::shared_ptr<const Generator> generator,
                                                         uint64_t from, uint64_t to,
                                                         std::vector<uint64_t> only);

}  // namespace lakeward::connectors::simulator
