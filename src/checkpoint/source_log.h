// A source's own folder in a checkpoint, sources/I: numbered files with a version line.
//
// Format: Apache Spark's (docs/checkpoint.md). A plain log (Kafka's starting offsets) has files
// `N`; a compacting log (the file source's) has `N` or, every compact-interval-th, `N.compact` with
// all entries since batch 0.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "io/object_store.h"

namespace lakeward::checkpoint {

class SourceLog {
 public:
  // `folder` is relative to the store, for example "silver/sources/0".
  SourceLog(io::ObjectStore& store, std::string folder, uint64_t compact_interval = 10)
      : store_(store), folder_(std::move(folder)), compact_interval_(compact_interval) {}

  // Where the whole checkpoint is that it is a part of, as users write it: "/lake/checkpoints/p".
  std::string checkpoint() const;
  // Who is told to remove the checkpoint is told where it is, too; other messages are left alone.
  Status name_checkpoint(Status status) const;

  // All entries (lines of JSON) of batches 0 … `last`, in order; nullopt: of all batches there are.
  Result<std::vector<std::string>> entries(std::optional<int64_t> last = std::nullopt);
  // The highest batch, or nullopt.
  Result<std::optional<int64_t>> latest();
  // Makes fewer of the entries of batches 0 … N−1 that are compacted, where they say the same.
  using Fold = std::function<Result<std::vector<std::string>>(std::vector<std::string>)>;
  // Adds batch `number`, compacting where it is due. Errors: AlreadyExists, and those of `fold`.
  Status append(int64_t number, const std::vector<std::string>& entries, const Fold& fold = {});
  // Removes a batch that no epoch has claimed (a crash between append and the epoch's offsets
  // file).
  Status remove(int64_t number);

  // Free-form files in the same folder, for sources that keep what they read (an HTTP body), and
  // for the byte-exact `0` of a Kafka source.
  Result<std::string> read_file(const std::string& name);
  Status write_file(const std::string& name, const std::string& bytes);  // AlreadyExists
  Status replace_file(const std::string& name, const std::string& bytes);
  Status remove_file(const std::string& name);

 private:
  io::ObjectStore& store_;
  std::string folder_;
  uint64_t compact_interval_;
};

}  // namespace lakeward::checkpoint
