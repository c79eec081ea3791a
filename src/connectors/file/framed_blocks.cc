#include "connectors/file/framed_blocks.h"

#include <utility>

namespace lakeward::connectors::file {
namespace {

constexpr size_t kBlockBytes = 512 << 10;

}  // namespace

Result<std::unique_ptr<FramedBlocks>> FramedBlocks::open(const std::string& path,
                                                         Compression compression, uint64_t limit,
                                                         const format::CutOptions& options) {
  std::unique_ptr<ByteStream> bytes;
  if (compression == Compression::kNone) {
    ASSIGN_OR_RETURN(bytes, open_range(path, 0, limit));
  } else {
    ASSIGN_OR_RETURN(bytes, open_compressed(path, compression));
  }
  return std::unique_ptr<FramedBlocks>(new FramedBlocks(path, std::move(bytes), options));
}

Result<std::vector<std::string>> FramedBlocks::take_header(const format::CsvOptions& options) {
  ASSIGN_OR_RETURN(ahead_, next());
  if (ahead_.records.empty()) return std::vector<std::string>{};
  auto names = format::parse_csv_header(ahead_.records.front().payload, options);
  RETURN_IF_ERROR(names.status().with_context(path_));
  ahead_.records = ahead_.records.subspan(1);
  if (!ahead_.lines.empty()) ahead_.lines = ahead_.lines.subspan(1);
  return names;
}

Result<CutBlock> FramedBlocks::next() {
  if (!ahead_.records.empty()) return std::exchange(ahead_, CutBlock{});
  while (!finished_) {
    const std::span<char> space = cutter_.space(kBlockBytes);
    ASSIGN_OR_RETURN(const size_t got, bytes_->read(space.data(), space.size()));
    finished_ = got == 0;
    Result<format::CutRecords> cut = finished_ ? cutter_.finish() : cutter_.cut(got);
    RETURN_IF_ERROR(cut.status().with_context(path_));
    if (cut->records.empty()) continue;
    auto owner = std::make_shared<format::CutRecords>(std::move(cut).value());
    CutBlock block;
    block.records = owner->records;
    block.lines = owner->lines;
    block.owner = std::move(owner);
    return block;
  }
  return CutBlock{};
}

}  // namespace lakeward::connectors::file
