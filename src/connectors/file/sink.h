// Rows into files of a folder, exactly once.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/options.h"
#include "io/object_store.h"
#include "stream/registry.h"
#include "stream/sink.h"

namespace lakeward::connectors::file {

enum class FileFormat { kParquet, kJsonLines, kCsv };
std::vector<std::pair<std::string, FileFormat>> option_choices(FileFormat);
enum class FileCompression { kDefault, kNone, kGzip, kZstd };
std::vector<std::pair<std::string, FileCompression>> option_choices(FileCompression);

struct FileSinkOptions {
  std::string path;
  FileFormat format = FileFormat::kParquet;
  std::vector<std::string> partition_by;
  FileCompression compression = FileCompression::kDefault;
};
const config::OptionSet<FileSinkOptions>& file_sink_options();

// An epoch's files are written into a hidden folder of its own and moved to
// part-<epoch>-<n>.<ending>, so the next epoch can be written while one is committed. What a
// commit is about to move, and the last epoch that is complete, are in hidden files beside them: a
// commit that died half-way is undone before it is made again.
class FileSink final : public stream::Sink, private stream::SinkWriter, private stream::Committer {
 public:
  // `store` is the folder's.
  FileSink(FileSinkOptions options, std::filesystem::path folder, std::string query_id,
           std::shared_ptr<io::ObjectStore> store);

  stream::SinkWriter& writer() override { return *this; }
  stream::Committer& committer() override { return *this; }
  std::string name() const override { return "file " + options_.path; }

 private:
  Status check(const engine::Schema& rows) override;
  Result<stream::Committable> write(engine::Session& session, const std::string& select,
                                    const stream::Epoch& epoch) override;
  void discard(stream::Committable committable) override;
  Result<std::optional<int64_t>> last_committed() override;
  Status commit(const stream::Epoch& epoch, stream::Committable committable,
                const stream::Accounting& accounting) override;

  // The folder of the epochs' hidden folders.
  std::filesystem::path staging() const;
  std::string state_file(const std::string& kind) const;
  std::string ending() const;
  std::string copy_statement(const std::string& select, const std::string& target,
                             const std::string& stem) const;
  // Removes what a commit that died half-way has moved. `last`: the last complete epoch.
  Status undo_unfinished(std::optional<int64_t> last);

  FileSinkOptions options_;
  std::filesystem::path folder_;
  std::string query_id_;
  std::shared_ptr<io::ObjectStore> store_;
  bool begun_ = false;  // something was written; the writer's
};

stream::SinkType sink_type();

}  // namespace lakeward::connectors::file
