// Dead letters as a source: what `lakeward dlq replay` feeds back through a pipeline.
#pragma once

#include <memory>
#include <optional>

#include "engine/database.h"
#include "engine/schema.h"
#include "stream/source.h"

namespace lakeward::service {

// What the pipeline's own source yields, and so what its dead letters are turned back into.
struct ReplayInput {
  // The columns of a source that reads tables: `raw` is such a row as JSON. nullopt: `raw` is the
  // bytes of a record, which the pipeline decodes.
  std::optional<engine::Schema> relation;
};

// `letters` reads the rows of dead_letter.<pipeline> (the delta source); its offsets are this
// source's. A record keeps the topic, partition, offset, file, line and key that it came with.
std::unique_ptr<stream::Source> make_dead_letter_source(std::unique_ptr<stream::Source> letters,
                                                        ReplayInput input,
                                                        engine::Database& database);

}  // namespace lakeward::service
