// Values in the text forms of Delta's log. Internal to delta/.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "delta/actions.h"
#include "delta/schema.h"
#include "engine/parquet_writer.h"

namespace lakeward::delta {

// A date or timestamp in DuckDB's or Delta's text, as UTC; nullopt if it is not within the years 1
// to 9999 (infinity, BC). A text without a zone is UTC.
std::optional<Timestamp> parse_instant(std::string_view text);

// A partition value from DuckDB's text of it. Delta protocol, "Partition Value Serialization":
// timestamps in ISO 8601 with Z, which no reader's zone can shift. An empty string is NULL there.
Result<std::optional<std::string>> partition_text(const DataType& type,
                                                  const std::optional<std::string>& value);

// A VARCHAR literal that DuckDB casts to the type's value, or "NULL". Errors: Corruption.
Result<std::string> partition_literal(const DataType& type,
                                      const std::optional<std::string>& value);

// The statistics of a file as JSON. Delta protocol, "Per-file Statistics": counts and bounds of the
// first `indexed_columns` leaf columns (negative: all) that are not in lists or maps. A bound that
// cannot be exact or safe is left out.
std::string statistics_json(const engine::WrittenFile& file, const TableSchema& schema,
                            const std::vector<std::string>& partition_by, int indexed_columns);

// The first 32 characters of a UTF-8 text; for an upper bound, raised so that it is not below the
// text, or nullopt if that cannot be.
std::string lower_bound_text(std::string_view text);
std::optional<std::string> upper_bound_text(std::string_view text);

}  // namespace lakeward::delta
