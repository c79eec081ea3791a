// The records of an epoch's files, shared among threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/file/bytes.h"
#include "format/decoder.h"
#include "stream/source.h"

namespace lakeward::connectors::file {

// A file, or the part of one, that an epoch reads. Its number in the epoch is the split's.
struct FileSplit {
  std::string path;
  Compression compression = Compression::kNone;
  uint64_t from = 0;
  std::optional<uint64_t> to;  // absent: to the end; never for compressed files
};

struct ReadOptions {
  format::Framing framing = format::Framing::kLines;
  bool count_lines = false;
  const format::CsvOptions* csv = nullptr;  // with kCsv
  std::vector<uint64_t> only = {};          // positions, ascending; empty: all
};

// Plain files of lines are read by several threads, a few MiB each at a time; others by one each.
std::unique_ptr<stream::RecordReader> make_record_reader(std::vector<FileSplit> splits,
                                                         ReadOptions options);

}  // namespace lakeward::connectors::file
