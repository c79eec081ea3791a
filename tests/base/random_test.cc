#include "base/random.h"

#include <gtest/gtest.h>

#include <set>

namespace lakeward {
namespace {

TEST(Random, GivesTheSameNumbersForTheSameSeed) {
  Random one(7), same(7), other(8);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const uint64_t number = one.next();
    EXPECT_EQ(number, same.next());
    differs = differs || number != other.next();
  }
  EXPECT_TRUE(differs);
}

TEST(Random, StaysWithinItsBounds) {
  Random random(1);
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    seen.insert(random.below(6));
    const double uniform = random.uniform();
    EXPECT_GE(uniform, 0.0);
    EXPECT_LT(uniform, 1.0);
  }
  EXPECT_EQ(seen, (std::set<uint64_t>{0, 1, 2, 3, 4, 5}));
}

TEST(MakeUuid, HasTheFormVersionAndVariantOfRfc4122) {
  Random random(42);
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string uuid = make_uuid(random);
    ASSERT_EQ(uuid.size(), 36U);
    for (const size_t dash : {8, 13, 18, 23}) EXPECT_EQ(uuid[dash], '-') << uuid;
    EXPECT_EQ(uuid[14], '4') << uuid;
    EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos) << uuid;
    EXPECT_EQ(uuid.find_first_not_of("0123456789abcdef-"), std::string::npos) << uuid;
    seen.insert(uuid);
  }
  EXPECT_EQ(seen.size(), 100U);
}

}  // namespace
}  // namespace lakeward
