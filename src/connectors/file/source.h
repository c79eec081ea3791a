// Reads new files, once each.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "connectors/file/backlog.h"
#include "connectors/file/glob.h"
#include "connectors/file/options.h"
#include "connectors/file/record_reader.h"
#include "engine/database.h"
#include "stream/registry.h"
#include "stream/source.h"

namespace lakeward::connectors::file {

// What is cut from the files: records, framed as the format says, or Parquet's rows.
struct Content {
  bool parquet = false;
  format::Framing framing = format::Framing::kLines;
  const format::CsvOptions* csv = nullptr;  // with kCsv
};

// The source log has an entry for each file, the offset names the last batch of the log that an
// epoch holds (Spark's file source). Each plan() makes one batch.
class FileSource final : public stream::Source {
 public:
  FileSource(FileSourceOptions options, Content content, const stream::Environment& environment);

  // Errors: NotFound if the folder to look in does not exist.
  Status attach(checkpoint::SourceLog& log) override;
  Result<std::optional<stream::Offset>> plan(const std::optional<stream::Offset>& from,
                                             const stream::Limits& limits, stream::PlanMode mode,
                                             std::stop_token stop) override;
  Result<stream::Input> read(const stream::ReadRequest& request) override;
  Result<std::optional<engine::Schema>> relation_schema() override;
  Status acknowledge(const stream::Offset& to) override;
  Result<stream::SourceLag> lag(const std::optional<stream::Offset>& committed) override;

 private:
  // Batches after `last` that no epoch has claimed are taken back.
  Status forget_after(int64_t last);
  Status load_before_start();
  // On the first start with `start: latest`: what is there now is taken, durably.
  Status skip_present();
  Result<std::vector<Candidate>> wait_for_files(stream::PlanMode mode, std::stop_token stop);
  Result<std::vector<Entry>> choose(const std::vector<Candidate>& ready,
                                    const stream::Limits& limits, int64_t batch);
  struct Fit {
    std::optional<Entry> entry;  // nullopt if nothing of it is to be taken after others
    uint64_t rows = 0;           // counted only if rows are limited
  };
  // How much of a candidate fits. 0 rows: any number.
  Result<Fit> fit(const Candidate& candidate, uint64_t rows_left, uint64_t bytes_left,
                  bool is_first);
  // Of files that are Parquet: their rows as a relation.
  Result<uint64_t> count_parquet_rows(const std::string& path) const;
  static std::string parquet_select(const std::vector<std::string>& paths);
  static stream::Input read_parquet(const std::vector<FileSplit>& splits);
  Result<uint64_t> count_records(const std::string& path, Compression compression,
                                 uint64_t limit) const;
  // The entries of the batches (after, to].
  Result<std::vector<Entry>> entries_between(int64_t after, int64_t to);

  FileSourceOptions options_;
  Content content_;
  Clock& clock_;
  engine::Database& database_;
  Glob glob_;
  Backlog backlog_;
  checkpoint::SourceLog* log_ = nullptr;
  bool log_was_empty_ = true;
  std::map<int64_t, std::vector<Entry>> batches_;           // the last ones, as they are in the log
  std::optional<std::unordered_set<std::string>> drained_;  // what a `--once` run takes
  uint64_t waiting_bytes_ = 0;
  std::string last_path_;
};

stream::SourceType source_type();

}  // namespace lakeward::connectors::file
