#include "connectors/kafka/fetch/compression.h"

#include <gtest/gtest.h>
#include <snappy.h>

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

}  // namespace
}  // namespace lakeward::connectors::kafka::fetch
