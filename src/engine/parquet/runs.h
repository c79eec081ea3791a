// Small numbers in runs and packed bits: definition levels and places in a dictionary.
// Parquet format, "Encodings", RLE / bit-packing hybrid (RLE = 3).
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace lakeward::engine::parquet {

// Bits that hold every number from 0 to `largest`.
int bit_width(uint32_t largest);

// Appends runs of `numbers`, each below 2^width; width 0 to 32. No length goes before them.
void append_runs(std::span<const uint32_t> numbers, int width, std::string& out);

// Appends one run of `count` times the number, which is below 2^width; count > 0.
void append_run(uint32_t number, uint64_t count, int width, std::string& out);

}  // namespace lakeward::engine::parquet
