#include "base/suggest.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lakeward {
namespace {

const std::vector<std::string> kKeys = {"pipeline", "from", "transform", "expect", "to"};

TEST(NearestName, FindsOneLetterMoreLessOtherOrSwapped) {
  EXPECT_EQ(nearest_name("trasform", kKeys), "transform");
  EXPECT_EQ(nearest_name("tranform", kKeys), "transform");
  EXPECT_EQ(nearest_name("fromm", kKeys), "from");
  EXPECT_EQ(nearest_name("form", kKeys), "from");
  EXPECT_EQ(nearest_name("Pipeline", kKeys), "pipeline");
}

TEST(NearestName, KeepsSilentWhenNothingIsNear) {
  EXPECT_EQ(nearest_name("watermark", kKeys), std::nullopt);
  EXPECT_EQ(nearest_name("x", kKeys), std::nullopt);
  EXPECT_EQ(nearest_name("", kKeys), std::nullopt);
  EXPECT_EQ(nearest_name("from", {}), std::nullopt);
}

TEST(Suggestion, NamesTheNearestOrAllThatAreKnown) {
  EXPECT_EQ(suggestion("expct", kKeys), "; did you mean 'expect'?");
  EXPECT_EQ(suggestion("watermark", kKeys), "; known: pipeline, from, transform, expect, to");
  EXPECT_EQ(suggestion("anything", {}), "");
  EXPECT_EQ(suggestion("zzz", std::vector<std::string>(21, "abcdefghijk")), "");
}

}  // namespace
}  // namespace lakeward
