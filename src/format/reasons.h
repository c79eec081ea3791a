// Why a record is refused, in words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "format/record_batch.h"

namespace lakeward::format {

// Part of a record, short enough for a message and always UTF-8: at most 80 bytes, then "…".
std::string excerpt(std::string_view text);

// "an INTEGER", "a DOUBLE"
std::string with_article(std::string_view type);

// Where a record is, for people: "input/a.jsonl at byte 1,234", "topic t, partition 2, offset 7".
std::string describe_place(const RecordBatch& batch, size_t record);

}  // namespace lakeward::format
