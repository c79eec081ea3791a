// Reading a snapshot with SQL.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "delta/skipping.h"
#include "delta/snapshot.h"
#include "delta/table.h"

namespace lakeward::delta {

// A row's position in a scan: the number of its file in the scan's list << kPositionShift | the
// number of the row in the file.
inline constexpr int kPositionShift = 44;

struct ScanOptions {
  // Files that cannot hold a matching row are left out. The rows that are read may still not match:
  // the query filters them.
  std::vector<Predicate> predicates = {};
  // Only these columns, in this order (names as in the schema); empty: all.
  std::vector<std::string> columns = {};
  // Adds a column of this name with each row's position, UBIGINT.
  std::optional<std::string> position_column = {};
};

struct Scan {
  std::string sql;             // a SELECT; the table's columns in order, then the extra ones
  std::vector<AddFile> files;  // the files that it reads, by number
  size_t skipped_files = 0;
};

// The SELECT over a snapshot's files.
Result<Scan> scan(const Table& table, const Snapshot& snapshot, const ScanOptions& options = {});

// The SELECT over some files only, with the schema of `state`: for readers that follow the log.
Result<Scan> scan_files(const Table& table, const TableState& state, std::vector<AddFile> files,
                        const ScanOptions& options = {});

}  // namespace lakeward::delta
