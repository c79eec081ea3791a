// A table as of one version.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "delta/actions.h"
#include "delta/schema.h"

namespace lakeward::delta {

// All that a writer needs to append: everything but the files. Small, whatever the table's size.
struct TableState {
  Version version = -1;  // -1: the table does not exist yet
  Protocol protocol;
  Metadata metadata;
  TableSchema schema;
  std::map<std::string, Txn> txns;    // by appId
  std::optional<Version> checkpoint;  // the newest complete checkpoint at or before `version`
};

struct Snapshot {
  TableState state;
  std::vector<AddFile> files;       // live files, in order of path
  std::vector<RemoveFile> removed;  // tombstones that the log still holds, in order of path
};

// Applies a later commit. Errors: Corruption or Unsupported of a new schema.
Status apply_commit(const CommitActions& commit, Version version, std::string_view table_name,
                    TableState& state);

// Whether Lakeward can read, or write, a table of this protocol and metadata. `table_name` goes
// into the message. Errors: Unsupported, naming the feature.
Status check_readable(const TableState& state, std::string_view table_name);
Status check_writable(const TableState& state, std::string_view table_name);

}  // namespace lakeward::delta
