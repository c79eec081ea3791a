#include "connectors/file/options.h"

namespace lakeward::connectors::file {

using config::default_to;
using config::required;

std::vector<std::pair<std::string, Start>> option_choices(Start) {
  return {{"earliest", Start::kEarliest}, {"latest", Start::kLatest}};
}

const config::OptionSet<FileSourceOptions>& file_source_options() {
  static const config::OptionSet<FileSourceOptions> options = {
      {"path", &FileSourceOptions::path, required(),
       "Which files to read: a file, a folder (all files directly in it) or a glob with *, ?, "
       "[a-z], {a,b} and ** (any depth). Relative paths begin at the project's folder. Names that "
       "end in .gz or .zst are decompressed; hidden files are not seen."},
      {"start", &FileSourceOptions::start, default_to(Start::kEarliest),
       "Where a pipeline without a checkpoint begins: earliest (all files) or latest (only files "
       "that come after its first start)."},
      {"settle", &FileSourceOptions::settle, default_to(Duration{1'000'000}),
       "How long a file's size and time must have been the same before it is read. A file that "
       "arrives by a rename and is older than this is read at once."},
  };
  return options;
}

}  // namespace lakeward::connectors::file
