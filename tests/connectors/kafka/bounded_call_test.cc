#include "connectors/kafka/bounded_call.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>

namespace lakeward::connectors::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

TEST(BoundedCall, ReturnsWhatTheCallReturns) {
  EXPECT_EQ(call_bounded([] { return nullptr; }, minutes(1)), nullptr);
  const auto error = call_bounded(
      [] { return rd_kafka_error_new(RD_KAFKA_RESP_ERR__FENCED, "%s", "fenced"); }, minutes(1));
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(rd_kafka_error_code(error->get()), RD_KAFKA_RESP_ERR__FENCED);
}

TEST(BoundedCall, HasLetGoOfWhatTheCallHoldsWhenItReturns) {
  const auto held = std::make_shared<int>(7);
  for (int i = 0; i < 100; ++i) {
    call_bounded([held] { return nullptr; }, minutes(1));
    ASSERT_EQ(held.use_count(), 1);
  }
}

TEST(BoundedCall, LeavesACallThatDoesNotComeBackWhatItHolds) {
  std::promise<void> release;
  std::promise<void> gone;
  struct Held {
    std::promise<void>& gone;
    ~Held() { gone.set_value(); }
  };
  auto held = std::make_shared<Held>(gone);
  const auto error = call_bounded(
      [held, released = release.get_future().share()] {
        released.wait();
        return nullptr;
      },
      milliseconds(20));
  EXPECT_FALSE(error.has_value());
  held.reset();
  std::future<void> end = gone.get_future();
  EXPECT_EQ(end.wait_for(milliseconds(20)), std::future_status::timeout);
  release.set_value();
  EXPECT_EQ(end.wait_for(minutes(1)), std::future_status::ready);
}

}  // namespace
}  // namespace lakeward::connectors::kafka
