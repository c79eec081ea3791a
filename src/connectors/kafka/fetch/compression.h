// What record batches may be compressed with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/status.h"
#include "connectors/kafka/message_block.h"

namespace lakeward::connectors::kafka::fetch {

// The lowest three bits of a batch's attributes. KIP-98, "Message Format", and KIP-110.
enum class Codec : uint8_t { kNone = 0, kGzip = 1, kSnappy = 2, kLz4 = 3, kZstd = 4 };

// A batch is at most what a broker's message.max.bytes allows; what it takes to unpack it is
// bounded here.
inline constexpr size_t kMostUnpacked = size_t{1} << 30;

// The bytes, decompressed into the block's own memory, of which no more than `most` is used.
// Errors: Corruption.
Result<std::string_view> decompress(Codec codec, std::string_view bytes, MessageBlock& block,
                                    size_t most = kMostUnpacked);

}  // namespace lakeward::connectors::kafka::fetch
