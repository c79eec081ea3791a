// The files of a table's log. Internal to delta/.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "delta/actions.h"
#include "delta/table.h"
#include "io/object_store.h"

namespace lakeward::delta {

// "00000000000000000007"
std::string version_digits(Version version);

struct LogFile {
  enum class Kind {
    kCommit,
    kClassicCheckpoint,
    kCheckpointPart,
    kUuidCheckpoint,
    kChecksum,
    kOther
  };
  Kind kind = Kind::kOther;
  Version version = -1;
  int64_t part = 0;  // of a multi-part checkpoint, from 1
  int64_t parts = 0;
};

// What a name in the log folder means. Delta protocol, "File Types" and "Checkpoint Naming Scheme".
LogFile parse_log_name(std::string_view name);

// The last component of a path.
std::string_view base_name(std::string_view path);

// The files to read for one version: a checkpoint and the commits after it.
struct LogSegment {
  std::optional<Version> checkpoint;
  std::vector<std::string> checkpoint_parts;  // paths in the store
  std::vector<Version> commits;               // contiguous, after the checkpoint
  Version version = -1;                       // the last one
};

// The name under which the add and the remove of one file meet: decoded, and without the scheme of
// local files. Delta protocol, "Action Reconciliation".
std::string canonical_path(const std::string& uri);

// The segment of the latest version, or of `upto`. Errors: NotFound (no table, or no such version),
// Corruption (a gap, or a beginning without a checkpoint), Unsupported (V2 checkpoints only).
Result<LogSegment> find_segment(const Table& table, std::optional<Version> upto);

// The version in _last_checkpoint, if there is a readable one: a hint and no more.
Result<std::optional<Version>> last_checkpoint_hint(const Table& table);

// The reading of a checkpoint's Parquet files as text of actions, a batch of lines at a time.
class CheckpointReader {
 public:
  // `columns` of "add", "remove", "metaData", "protocol", "txn": only these are read.
  static Result<CheckpointReader> open(const Table& table, const std::vector<std::string>& parts,
                                       std::vector<std::string> columns);
  // The next actions, or nullopt at the end. Errors: Corruption, naming the checkpoint.
  Result<std::optional<CommitActions>> next();

 private:
  CheckpointReader() = default;
  std::string place_;
  std::unique_ptr<engine::ResultStream> stream_;
};

// A read_parquet() over a checkpoint's parts with exactly the named columns, typed as
// checkpoint_column_type() says; what the files do not have is NULL.
Result<std::string> checkpoint_relation(const Table& table, const std::vector<std::string>& parts,
                                        const std::vector<std::string>& columns);
// The engine's type of a column of a checkpoint. Delta protocol, "Checkpoint Schema".
std::string checkpoint_column_type(const std::string& column);

}  // namespace lakeward::delta
