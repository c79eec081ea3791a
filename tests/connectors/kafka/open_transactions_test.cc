#include "connectors/kafka/open_transactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lakeward::connectors::kafka {
namespace {

using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const TopicPartition kFirst{"t", 0};
const TopicPartition kOther{"t", 1};

TEST(OpenTransactions, AreToldOfOnceWhenTheyLast) {
  OpenTransactions open;
  Timestamp now{0};
  const Offsets readable{{kFirst, 1'000}, {kOther, 5}};
  const Offsets written{{kFirst, 1'501}, {kOther, 5}};
  EXPECT_THAT(open.observe(readable, written, now), IsEmpty());
  now = now + minutes(3);
  EXPECT_THAT(open.observe(readable, written, now),
              ElementsAre("501 records of partition 0 of 't' cannot be read yet: a transaction is "
                          "open since offset 1,000, for more than 2 min; `kafka-transactions.sh "
                          "find-hanging` tells whose it is"));
  now = now + minutes(3);
  EXPECT_THAT(open.observe(readable, written, now), IsEmpty());
}

TEST(OpenTransactions, ThatFollowEachOtherAreNotTakenForOne) {
  OpenTransactions open;
  Timestamp now{0};
  for (int64_t at = 0; at < 10; ++at) {
    EXPECT_THAT(open.observe({{kFirst, at}}, {{kFirst, at + 1}}, now), IsEmpty());
    now = now + minutes(1);
  }
  EXPECT_THAT(open.observe({{kFirst, 9}}, {{kFirst, 9}}, now), IsEmpty());
  EXPECT_THAT(open.observe({{kFirst, 9}}, {{kFirst, 10}}, now + minutes(3)), IsEmpty());
}

}  // namespace
}  // namespace lakeward::connectors::kafka
