#include "connectors/kafka/bounded_call.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <utility>

#include "connectors/kafka/left_behind.h"
#include "support/process.h"

namespace lakeward::connectors::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

TEST(BoundedCall, ReturnsWhatTheCallReturns) {
  EXPECT_EQ(call_bounded([] { return nullptr; }, minutes(1)).value(), nullptr);
  const auto error = call_bounded(
      [] { return rd_kafka_error_new(RD_KAFKA_RESP_ERR__FENCED, "%s", "fenced"); }, minutes(1));
  ASSERT_TRUE(error.value().has_value());
  EXPECT_EQ(rd_kafka_error_code((*error)->get()), RD_KAFKA_RESP_ERR__FENCED);
}

TEST(BoundedCall, HasLetGoOfWhatTheCallHoldsWhenItReturns) {
  const auto held = std::make_shared<int>(7);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(call_bounded([held] { return nullptr; }, minutes(1)).ok());
    ASSERT_EQ(held.use_count(), 1);
  }
  EXPECT_EQ(calls_left_behind(), 0U);
}

TEST(BoundedCall, LeavesACallThatDoesNotComeBackWhatItHolds) {
  std::promise<void> release;
  auto held = std::make_shared<int>(7);
  const std::weak_ptr<int> seen = held;
  const auto error = call_bounded(
      [held, released = release.get_future().share()] {
        released.wait();
        return nullptr;
      },
      milliseconds(20));
  EXPECT_FALSE(error.value().has_value());
  EXPECT_EQ(calls_left_behind(), 1U);
  held.reset();
  EXPECT_FALSE(seen.expired());
  release.set_value();
  EXPECT_TRUE(test::eventually([&] { return seen.expired() && calls_left_behind() == 0; }));
}

}  // namespace
}  // namespace lakeward::connectors::kafka
