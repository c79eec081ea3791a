// The schemas that a registry did not know when an epoch was written, kept in the checkpoint until
// the epoch is committed: its dead letters may be committed and its rows not. If it is repeated,
// the same records must be refused, whatever the registry knows by then.
#pragma once

#include <cstdint>
#include <optional>

#include "base/status.h"
#include "checkpoint/source_log.h"
#include "format/decoder.h"

namespace lakeward::stream {

// In the file refused-schemas-EPOCH of the source's folder.
Status keep_refused_schemas(checkpoint::SourceLog& log, int64_t epoch,
                            const format::RefusedSchemas& refused);
// nullopt if nothing was kept. Errors: Corruption.
Result<std::optional<format::RefusedSchemas>> kept_refused_schemas(checkpoint::SourceLog& log,
                                                                   int64_t epoch);
// Also if nothing was kept.
Status forget_refused_schemas(checkpoint::SourceLog& log, int64_t epoch);

}  // namespace lakeward::stream
