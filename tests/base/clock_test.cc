#include "base/clock.h"

#include <gtest/gtest.h>

#include <thread>

namespace lakeward {
namespace {

TEST(Timestamp, RoundsMillisecondsDownBeforeTheEpochToo) {
  EXPECT_EQ(Timestamp{1'999}.millis(), 1);
  EXPECT_EQ(Timestamp{-1}.millis(), -1);
  EXPECT_EQ(Timestamp{-1'000}.millis(), -1);
  EXPECT_EQ(Timestamp::from_millis(5), Timestamp{5'000});
}

TEST(ManualClock, MovesByWhatIsWaitedForAndWhenTold) {
  ManualClock clock(Timestamp{100});
  EXPECT_EQ(clock.now(), Timestamp{100});
  EXPECT_TRUE(clock.wait(Duration{50}, {}));
  EXPECT_EQ(clock.now(), Timestamp{150});
  clock.advance(Duration{1});
  EXPECT_EQ(clock.now(), Timestamp{151});
}

TEST(ManualClock, TellsThatAStopWasRequested) {
  ManualClock clock(Timestamp{0});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(clock.wait(Duration{50}, stop.get_token()));
}

TEST(SystemClock, EndsAWaitWhenAStopIsRequested) {
  SystemClock clock;
  std::stop_source stop;
  bool waited = true;
  std::jthread waiter([&] { waited = clock.wait(std::chrono::hours(1), stop.get_token()); });
  stop.request_stop();
  waiter.join();
  EXPECT_FALSE(waited);
}

TEST(SystemClock, WaitsUntilTheTimeHasPassed) {
  SystemClock clock;
  const Timestamp before = clock.now();
  EXPECT_TRUE(clock.wait(std::chrono::milliseconds(1), {}));
  EXPECT_GE(clock.now() - before, std::chrono::milliseconds(1));
}

}  // namespace
}  // namespace lakeward
