// Cuts a whole file into records that are not lines: CSV rows, elements of an array, all of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "connectors/block.h"
#include "connectors/file/bytes.h"
#include "format/csv_format.h"
#include "format/framing.h"

namespace lakeward::connectors::file {

// The records of one file, in order. Not thread-safe.
class FramedBlocks final : public RecordBlocks {
 public:
  // Only the first `limit` bytes of a plain file count.
  static Result<std::unique_ptr<FramedBlocks>> open(const std::string& path,
                                                    Compression compression, uint64_t limit,
                                                    const format::CutOptions& options);

  // Errors: Corruption, naming the file and the byte, if it is not of this form.
  Result<CutBlock> next() override;

  // Takes the first record for itself: a CSV file's names; none if the file is empty. Called before
  // next(). Errors: InvalidArgument, naming the file.
  Result<std::vector<std::string>> take_header(const format::CsvOptions& options);

 private:
  FramedBlocks(std::string path, std::unique_ptr<ByteStream> bytes,
               const format::CutOptions& options)
      : path_(std::move(path)), bytes_(std::move(bytes)), cutter_(options) {}

  std::string path_;
  std::unique_ptr<ByteStream> bytes_;
  format::RecordCutter cutter_;
  bool finished_ = false;
  CutBlock ahead_;  // cut with the header, and not given yet
};

}  // namespace lakeward::connectors::file
