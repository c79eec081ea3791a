// FileSource for files that are never divided: Parquet, and records that are not lines.
#include <algorithm>
#include <utility>

#include "connectors/file/framed_blocks.h"
#include "connectors/file/source.h"
#include "engine/session.h"
#include "engine/sql_text.h"
#include "stream/input_columns.h"

namespace lakeward::connectors::file {

Result<uint64_t> FileSource::count_records(const std::string& path, Compression compression,
                                           uint64_t limit) const {
  format::CutOptions cut{.framing = content_.framing};
  if (content_.csv != nullptr) {
    cut.csv_delimiter = content_.csv->delimiter;
    cut.csv_quote = content_.csv->quote;
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<FramedBlocks> blocks,
                   FramedBlocks::open(path, compression, limit, cut));
  uint64_t records = 0;
  while (true) {
    ASSIGN_OR_RETURN(const CutBlock block, blocks->next());
    records += block.records.size();
    if (!block.records.empty()) continue;
    const bool header = content_.csv != nullptr && content_.csv->header;
    return header && records > 0 ? records - 1 : records;
  }
}

Result<uint64_t> FileSource::count_parquet_rows(const std::string& path) const {
  ASSIGN_OR_RETURN(const std::unique_ptr<engine::Session> session, database_.make_session());
  ASSIGN_OR_RETURN(const engine::Rows rows,
                   session->query("SELECT sum(num_rows)::BIGINT FROM parquet_file_metadata(" +
                                  engine::quote_literal(path) + ")"));
  return static_cast<uint64_t>(rows.integer(0, 0));
}

// Columns are taken by name: a file that lacks one has NULL there.
std::string FileSource::parquet_select(const std::vector<std::string>& paths) {
  std::string list;
  for (const std::string& path : paths) {
    list += (list.empty() ? "" : ", ") + engine::quote_literal(path);
  }
  return "SELECT (file_index::UBIGINT << " + std::to_string(format::Position::kPlaceBits) +
         " | file_row_number::UBIGINT) AS " + std::string(stream::kPositionColumn) +
         ", * FROM read_parquet([" + list + "], union_by_name = true, hive_partitioning = false)";
}

stream::Input FileSource::read_parquet(const std::vector<FileSplit>& splits) {
  std::vector<std::string> paths;
  for (const FileSplit& split : splits) paths.push_back(split.path);
  std::string select = parquet_select(paths);
  return stream::Input(stream::InputRelation{std::move(select), std::move(paths)});
}

// What the oldest file that is there now has.
Result<std::optional<engine::Schema>> FileSource::relation_schema() {
  if (!content_.parquet) return std::optional<engine::Schema>();
  ASSIGN_OR_RETURN(const std::vector<FoundFile> found, glob_.find());
  if (found.empty()) return std::optional<engine::Schema>();
  const auto oldest =
      std::min_element(found.begin(), found.end(), [](const FoundFile& a, const FoundFile& b) {
        return std::tie(a.modified, a.path) < std::tie(b.modified, b.path);
      });
  ASSIGN_OR_RETURN(const std::unique_ptr<engine::Session> session, database_.make_session());
  auto schema = session->describe(parquet_select({oldest->path}));
  RETURN_IF_ERROR(schema.status().with_context(oldest->path));
  schema->erase(schema->begin());
  return std::optional(std::move(schema).value());
}

}  // namespace lakeward::connectors::file
