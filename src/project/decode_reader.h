// The `decode:` block of a pipeline, and the format that it declares.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "format/decoder.h"
#include "project/project.h"
#include "project/registry_reader.h"

namespace lakeward::project {

// What a block may refer to.
struct DecodeContext {
  const std::vector<Connection>& connections;
  std::string topic;  // that the source reads, if it is one
  // The text of a file that the pipeline names.
  ReadFile read_file;
};

// nullopt (with problems) if the block is not usable.
std::optional<Decode> read_decode(const config::Value& value, const DecodeContext& context,
                                  config::Problems& problems);
// The options of `decode: avro`.
void read_avro(const config::Value& options, const DecodeContext& context, Decode& decode,
               config::Problems& problems);
// The block `columns`.
void read_columns(const config::Value& value, Decode& decode, config::Problems& problems);

// The format that it declares; null for parquet, which the engine reads by itself. `utc`: whether
// the session's time zone is UTC. `clock`, if not null, outlives the format. Errors:
// InvalidArgument for columns that the format cannot have; Unavailable while the reader's schema is
// not known (AvroSettings::unresolved).
Result<std::unique_ptr<format::Format>> make_format(const Decode& decode, bool utc,
                                                    Clock* clock = nullptr);

}  // namespace lakeward::project
