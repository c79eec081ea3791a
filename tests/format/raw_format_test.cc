#include "format/raw_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "format/decoding.h"

namespace lakeward::format {
namespace {

using testing::ElementsAre;

TEST(RawDecoder, GivesEachRecordAsText) {
  const auto format = make_raw_format({});
  const Decoded decoded =
      decode_all(*format, {"short", "", "longer than twelve bytes, Zürich", "\xff"});
  EXPECT_THAT(decoded.rows, ElementsAre(ElementsAre("short"), ElementsAre(""),
                                        ElementsAre("longer than twelve bytes, Zürich")));
  ASSERT_EQ(decoded.rejections.size(), 1u);
  EXPECT_EQ(decoded.rejections[0].reason, "not UTF-8");
}

TEST(RawDecoder, TellsARecordWithoutAPayloadFromAnEmptyOne) {
  const Decoded decoded = decode_all(*make_raw_format({}), {"", kTombstone, "x"});
  EXPECT_THAT(decoded.rows, ElementsAre(ElementsAre(""), ElementsAre("NULL"), ElementsAre("x")));
  EXPECT_TRUE(decoded.rejections.empty());
}

TEST(RawDecoder, GivesAnyBytesAsABlob) {
  const Decoded decoded =
      decode_all(*make_raw_format({.bytes = true}), {"text", "\xff", kTombstone});
  EXPECT_THAT(decoded.rows,
              ElementsAre(ElementsAre("text"), ElementsAre("\\xFF"), ElementsAre("NULL")));
  EXPECT_TRUE(decoded.rejections.empty());
}

}  // namespace
}  // namespace lakeward::format
