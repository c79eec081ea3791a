// Dead letters as a source: what `lakeward dlq replay` feeds back through a pipeline.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/database.h"
#include "engine/schema.h"
#include "engine/session.h"
#include "stream/source.h"

namespace lakeward::service {

// What the pipeline's own source yields, and so what its dead letters are turned back into.
struct ReplayInput {
  // The columns of a source that reads tables: `raw` is such a row as JSON. nullopt: `raw` is the
  // bytes of a record, which the pipeline decodes.
  std::optional<engine::Schema> relation;
};

// A SELECT of dead letters with their `_position`, and what must live as long as it is used.
struct DefinedLetters {
  std::string select;
  std::shared_ptr<const void> owner;
  // Headers of these names were added behind the record's own: the last one of each name, if there
  // is one, is none of the record's.
  std::vector<std::string> added_headers = {};
};

// Where dead letters are kept.
class Letters {
 public:
  virtual ~Letters() = default;
  // Plans the ranges.
  virtual stream::Source& source() = 0;
  // Makes a range's letters readable in this session, which may be any.
  virtual Result<DefinedLetters> define(engine::Session& session,
                                        const stream::ReadRequest& request) = 0;
  // Whether the SELECT is of that one session, and so cannot be a source's InputRelation.
  virtual bool are_records() const = 0;
};

// Those in the table dead_letter.<pipeline>, which the delta source `table` reads.
std::unique_ptr<Letters> make_table_letters(std::unique_ptr<stream::Source> table);

// The offsets of `letters` are this source's. A record keeps the topic, partition, offset, file,
// line, key, time and headers that it came with.
std::unique_ptr<stream::Source> make_dead_letter_source(std::unique_ptr<Letters> letters,
                                                        ReplayInput input,
                                                        engine::Database& database);

}  // namespace lakeward::service
