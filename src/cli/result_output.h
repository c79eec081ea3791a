// Rows of a query on stdout, as they come: as a table, CSV or JSON Lines.
#pragma once

#include <cstdint>
#include <ostream>
#include <stop_token>
#include <string>

#include "base/status.h"
#include "cli/text_table.h"
#include "engine/session.h"

namespace lakeward::cli {

enum class RowFormat {
  kTable,
  kCsv,   // RFC 4180 with a header; lines end in "\n"; NULL is empty, empty text is ""
  kJson,  // JSON Lines: one object a row
};

// "table", "csv" or "json" (also "jsonl").
RowFormat row_format(const std::string& name);

struct OutputOptions {
  RowFormat format = RowFormat::kTable;
  Screen screen;
};

// Runs `select` and writes its rows to `out` while they come; memory does not depend on how many
// there are. The columns of a table are as wide as its first 2,048 rows need; on a terminal, long
// cells are cut. Returns the number of rows. Errors: the query's; Cancelled if stopped; IoError if
// `out` cannot be written.
Result<uint64_t> write_rows(engine::Session& session, const std::string& select,
                            const OutputOptions& options, std::ostream& out, std::stop_token stop);

// The same for rows that are held in memory as text; `schema` has their true types.
Status write_held_rows(const engine::Schema& schema, const engine::Rows& rows,
                       const OutputOptions& options, std::ostream& out);

}  // namespace lakeward::cli
