#include "connectors/kafka/fetch/compression.h"

#include <gtest/gtest.h>
#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <string>

#include "connectors/kafka/fetch/wire.h"

namespace lakeward::connectors::kafka::fetch {
namespace {

// What the Java clients write: snappy-java's stream of blocks.
std::string snappy_stream(const std::vector<std::string>& parts) {
  WireWriter text;
  for (const std::string& part : parts) {
    std::string packed;
    snappy::Compress(part.data(), part.size(), &packed);
    text.number(static_cast<int32_t>(packed.size()));
    for (const char c : packed) text.number(static_cast<int8_t>(c));
  }
  return std::string("\x82SNAPPY\0\0\0\0\1\0\0\0\1", 16) + text.str();
}

TEST(KafkaCompression, UnpacksTheSnappyOfJavasClients) {
  const std::string first(40'000, 'a');
  const std::string second = "b";
  MessageBlock block;
  const std::string packed = snappy_stream({first, second});
  EXPECT_EQ(decompress(Codec::kSnappy, packed, block).value(), first + second);
  EXPECT_EQ(decompress(Codec::kSnappy, snappy_stream({}), block).value(), "");
}

TEST(KafkaCompression, RefusesWhatIsNotOfTheCodec) {
  for (const Codec codec : {Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd, Codec(7)}) {
    for (const std::string& bytes : {std::string(), std::string("\xff\xff\xff\xff not this"),
                                     snappy_stream({"x"}).substr(0, 19)}) {
      MessageBlock block;
      EXPECT_EQ(decompress(codec, bytes, block).status().code(), StatusCode::kCorruption)
          << static_cast<int>(codec) << " " << bytes.size();
    }
  }
}

std::string pack(Codec codec, const std::string& text) {
  std::string packed(text.size() + 1'000, '\0');
  size_t size = 0;
  if (codec == Codec::kGzip) {
    uLongf room = packed.size();
    EXPECT_EQ(compress(reinterpret_cast<Bytef*>(packed.data()), &room,
                       reinterpret_cast<const Bytef*>(text.data()), text.size()),
              Z_OK);
    size = room;
  } else if (codec == Codec::kLz4) {
    size = LZ4F_compressFrame(packed.data(), packed.size(), text.data(), text.size(), nullptr);
  } else if (codec == Codec::kZstd) {
    size = ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 1);
  } else {
    return snappy_stream({text});
  }
  packed.resize(size);
  return packed;
}

TEST(KafkaCompression, UsesNoMoreMemoryThanItMay) {
  constexpr size_t kMost = 1 << 20;
  for (const Codec codec : {Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd}) {
    // A text may need as much again for its shorter beginnings.
    for (const auto& [size, fits] : {std::pair{kMost / 3, true}, std::pair{2 * kMost, false}}) {
      const std::string text(size, 'x');
      MessageBlock block;
      const auto unpacked = decompress(codec, pack(codec, text), block, kMost);
      EXPECT_EQ(unpacked.ok(), fits) << static_cast<int>(codec);
      if (fits) {
        EXPECT_EQ(*unpacked, text);
      } else {
        EXPECT_EQ(unpacked.status().code(), StatusCode::kCorruption);
      }
    }
  }
}

}  // namespace
}  // namespace lakeward::connectors::kafka::fetch
