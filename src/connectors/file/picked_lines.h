// Single lines of a plain file, by their places; and what is known of lines without cutting them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "connectors/block.h"
#include "connectors/file/bytes.h"

namespace lakeward::connectors::file {

// The lines that begin at `places` (ascending) of a plain file, of which only the first `limit`
// bytes count. Reads little more than these lines.
Result<std::unique_ptr<RecordBlocks>> open_picked_lines(const std::string& path,
                                                        std::vector<uint64_t> places,
                                                        uint64_t limit, BlockPool& pool);

// The number, counted from 1, of the line that begins at `offset` of a plain file.
Result<uint64_t> line_number_at(const std::string& path, uint64_t offset);

// How much of a file of lines fits an epoch.
struct Measure {
  uint64_t to = 0;       // the end of the last line that fits; not of meaning for compressed files
  uint64_t records = 0;  // counted only if asked for
};

// The end of the lines, from `from` (the beginning of one) on, that hold at least `wanted` bytes:
// the first line end there or later, but at most `limit`.
Result<uint64_t> line_end_after(const std::string& path, uint64_t from, uint64_t wanted,
                                uint64_t limit);

// Reads at most `max_records` records of the lines in [from, limit); at least 1.
Result<Measure> measure_lines(const std::string& path, Compression compression, uint64_t from,
                              uint64_t limit, uint64_t max_records);

}  // namespace lakeward::connectors::file
