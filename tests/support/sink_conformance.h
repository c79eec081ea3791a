// What every sink must do, whatever it writes to: see src/stream/sink.h.
//
// A sink takes part by a fixture, and by the instances of the suites that fit it:
//
//   struct Fixture {
//     World& world();                        // what sinks are made with
//     Result<std::unique_ptr<stream::Sink>> make_sink(OptionList more = {});
//     std::vector<std::string> rows();       // those that a reader sees: "a|b", sorted
//     FaultyStore* store();                  // what a commit goes through, or null
//     void settle();                         // if there is one: waits until readers see a commit
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(Delta, SinkConformance, DeltaFixture);
//   INSTANTIATE_TYPED_TEST_SUITE_P(Delta, ExactlyOnceSinkConformance, DeltaFixture);
//   INSTANTIATE_TYPED_TEST_SUITE_P(Delta, OverlappingSinkConformance, DeltaFixture);
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "connectors/source_driver.h"
#include "support/faulty_store.h"

namespace lakeward::test {

// More rows than fit one chunk, with text that needs quoting in most formats.
inline std::string some_rows(int from, int count) {
  return "SELECT range AS a, 'zürich, \"' || range || '\"' AS b FROM range(" +
         std::to_string(from) + ", " + std::to_string(from + count) + ")";
}

inline std::vector<std::string> some_texts(int from, int count) {
  std::vector<std::string> texts;
  for (int i = from; i < from + count; ++i) {
    texts.push_back(std::to_string(i) + "|zürich, \"" + std::to_string(i) + "\"");
  }
  std::sort(texts.begin(), texts.end());
  return texts;
}

template <typename Fixture>
class SinkConformance : public ::testing::Test {
 protected:
  // As a new process: a new sink of the same pipeline.
  std::unique_ptr<stream::Sink> start() {
    Result<std::unique_ptr<stream::Sink>> sink = fixture_.make_sink();
    EXPECT_TRUE(sink.ok()) << sink.status().message();
    return std::move(sink).value();
  }
  Result<stream::Committable> write(stream::Sink& sink, const std::string& select, int64_t epoch) {
    const auto session = fixture_.world().database->make_session().value();
    return sink.writer().write(*session, select, {epoch, {}});
  }
  Status put(stream::Sink& sink, const std::string& select, int64_t epoch) {
    ASSIGN_OR_RETURN(stream::Committable written, write(sink, select, epoch));
    return commit(sink, std::move(written), epoch);
  }
  Status commit(stream::Sink& sink, stream::Committable written, int64_t epoch) {
    RETURN_IF_ERROR(sink.committer().commit({epoch, {}}, std::move(written), {}));
    if constexpr (requires { fixture_.settle(); }) fixture_.settle();
    return ok_status();
  }

  Fixture fixture_;
};

TYPED_TEST_SUITE_P(SinkConformance);

TYPED_TEST_P(SinkConformance, ShowsEachRowOnceAndOnlyAfterTheCommit) {
  const auto sink = this->start();
  Result<stream::Committable> written = this->write(*sink, some_rows(0, 5000), 0);
  ASSERT_TRUE(written.ok()) << written.status().message();
  EXPECT_EQ(written->rows, 5000u);
  EXPECT_THAT(this->fixture_.rows(), ::testing::IsEmpty());
  const Status committed = this->commit(*sink, std::move(written).value(), 0);
  ASSERT_TRUE(committed.ok()) << committed.message();
  EXPECT_EQ(this->fixture_.rows(), some_texts(0, 5000));
}

TYPED_TEST_P(SinkConformance, ShowsNothingOfWhatIsDiscarded) {
  const auto sink = this->start();
  ASSERT_TRUE(this->put(*sink, some_rows(0, 3), 0).ok());
  sink->writer().discard(this->write(*sink, some_rows(100, 3), 1).value());
  EXPECT_EQ(this->fixture_.rows(), some_texts(0, 3));
  const Status again = this->put(*sink, some_rows(3, 3), 1);
  ASSERT_TRUE(again.ok()) << again.message();
  EXPECT_EQ(this->fixture_.rows(), some_texts(0, 6));
}

TYPED_TEST_P(SinkConformance, ShowsNothingOfAWriteThatFailed) {
  const auto sink = this->start();
  const Result<stream::Committable> failed =
      this->write(*sink,
                  "SELECT a, CASE WHEN a = 4000 THEN error('row ' || a) ELSE b END AS b FROM (" +
                      some_rows(0, 5000) + ")",
                  0);
  EXPECT_THAT(failed.status().message(), ::testing::HasSubstr("row 4000"));
  EXPECT_THAT(this->fixture_.rows(), ::testing::IsEmpty());
  const Status again = this->put(*sink, some_rows(0, 3), 0);
  ASSERT_TRUE(again.ok()) << again.message();
  EXPECT_EQ(this->fixture_.rows(), some_texts(0, 3));
}

TYPED_TEST_P(SinkConformance, TakesAnEpochWithoutRows) {
  const auto sink = this->start();
  const Status none = this->put(*sink, some_rows(0, 0), 0);
  EXPECT_TRUE(none.ok()) << none.message();
  EXPECT_THAT(this->fixture_.rows(), ::testing::IsEmpty());
  const Status some = this->put(*sink, some_rows(0, 3), 1);
  EXPECT_TRUE(some.ok()) << some.message();
  EXPECT_EQ(this->fixture_.rows(), some_texts(0, 3));
}

TYPED_TEST_P(SinkConformance, RefusesAnOptionThatItDoesNotKnowByName) {
  const auto sink = this->fixture_.make_sink({{"frobnicate", scalar("1")}});
  ASSERT_FALSE(sink.ok());
  EXPECT_THAT(sink.status().message(), ::testing::HasSubstr("frobnicate"));
}

REGISTER_TYPED_TEST_SUITE_P(SinkConformance, ShowsEachRowOnceAndOnlyAfterTheCommit,
                            ShowsNothingOfWhatIsDiscarded, ShowsNothingOfAWriteThatFailed,
                            TakesAnEpochWithoutRows, RefusesAnOptionThatItDoesNotKnowByName);

// Of sinks whose commit can be repeated: all but those that are for looking.
template <typename Fixture>
class ExactlyOnceSinkConformance : public SinkConformance<Fixture> {
 protected:
  // What a pipeline does with an epoch that it may have committed before it died.
  Status finish(stream::Sink& sink, const std::string& select, int64_t epoch) {
    ASSIGN_OR_RETURN(const std::optional<int64_t> last, sink.committer().last_committed());
    return last && *last >= epoch ? ok_status() : this->put(sink, select, epoch);
  }
};

TYPED_TEST_SUITE_P(ExactlyOnceSinkConformance);

TYPED_TEST_P(ExactlyOnceSinkConformance, GoesOnInAnotherProcess) {
  EXPECT_EQ(this->start()->committer().last_committed().value(), std::nullopt);
  ASSERT_TRUE(this->put(*this->start(), some_rows(0, 3), 0).ok());
  EXPECT_EQ(this->start()->committer().last_committed().value(), 0);
  ASSERT_TRUE(this->put(*this->start(), some_rows(3, 3), 1).ok());
  EXPECT_EQ(this->start()->committer().last_committed().value(), 1);
  EXPECT_EQ(this->fixture_.rows(), some_texts(0, 6));
}

TYPED_TEST_P(ExactlyOnceSinkConformance, ChangesNothingWhenAnEpochIsCommittedAgain) {
  const auto sink = this->start();
  ASSERT_TRUE(this->put(*sink, some_rows(0, 3), 0).ok());
  for (stream::Sink* repeating : {sink.get(), this->start().release()}) {
    const std::unique_ptr<stream::Sink> owned(repeating == sink.get() ? nullptr : repeating);
    const Status again = this->put(*repeating, some_rows(0, 3), 0);
    EXPECT_TRUE(again.ok()) << again.message();
  }
  EXPECT_EQ(this->fixture_.rows(), some_texts(0, 3));
}

TYPED_TEST_P(ExactlyOnceSinkConformance, IsNotInTheWayOfAWriteThatDied) {
  ASSERT_TRUE(this->put(*this->start(), some_rows(0, 3), 0).ok());
  ASSERT_TRUE(this->write(*this->start(), some_rows(3, 5000), 1).ok());  // and then killed
  const Status again = this->finish(*this->start(), some_rows(3, 5000), 1);
  ASSERT_TRUE(again.ok()) << again.message();
  EXPECT_EQ(this->fixture_.rows(), some_texts(0, 5003));
}

TYPED_TEST_P(ExactlyOnceSinkConformance, LosesAndRepeatsNothingWhicheverCallOfItsStoreFails) {
  FaultyStore* store = this->fixture_.store();
  int epochs = 0;
  for (const Fault::When when : {Fault::kBefore, Fault::kAfter}) {
    for (const bool crash : {false, true}) {
      for (size_t call = 0;; ++call) {
        const std::string select = some_rows(3 * epochs, 3);
        store->inject({.call = call, .when = when, .crash = crash});
        const auto sink = this->fixture_.make_sink();
        if (sink.ok()) (void)this->finish(**sink, select, epochs);
        const bool happened = store->happened();
        store->heal();
        const Status again = this->finish(*this->start(), select, epochs);
        ASSERT_TRUE(again.ok()) << "call " << call << ": " << again.message();
        ++epochs;
        ASSERT_EQ(this->fixture_.rows(), some_texts(0, 3 * epochs)) << "call " << call;
        if (!happened) break;
      }
    }
  }
  EXPECT_GT(epochs, 12) << "no call of the store was reached";
}

REGISTER_TYPED_TEST_SUITE_P(ExactlyOnceSinkConformance, GoesOnInAnotherProcess,
                            ChangesNothingWhenAnEpochIsCommittedAgain,
                            IsNotInTheWayOfAWriteThatDied,
                            LosesAndRepeatsNothingWhicheverCallOfItsStoreFails);

// Of sinks that say Committable::overlaps.
template <typename Fixture>
class OverlappingSinkConformance : public SinkConformance<Fixture> {
 protected:
  // A sink whose table exists, with epoch 0, and what it wrote of the next two.
  void SetUp() override {
    sink_ = this->start();
    ASSERT_TRUE(this->put(*sink_, some_rows(0, 3), 0).ok());
    first_ = this->write(*sink_, some_rows(3, 3), 1).value();
    EXPECT_TRUE(first_.overlaps);
    second_ = this->write(*sink_, some_rows(6, 3), 2).value();
    EXPECT_TRUE(second_.overlaps);
    EXPECT_EQ(this->fixture_.rows(), some_texts(0, 3));
  }
  Status commit(int64_t epoch, stream::Committable& written) {
    return sink_->committer().commit({epoch, {}}, std::move(written), {});
  }

  std::unique_ptr<stream::Sink> sink_;
  stream::Committable first_, second_;
};

TYPED_TEST_SUITE_P(OverlappingSinkConformance);

TYPED_TEST_P(OverlappingSinkConformance, CommitsAnEpochAfterTheNextIsWritten) {
  const Status first = this->commit(1, this->first_);
  ASSERT_TRUE(first.ok()) << first.message();
  EXPECT_EQ(this->fixture_.rows(), some_texts(0, 6));
  const Status second = this->commit(2, this->second_);
  ASSERT_TRUE(second.ok()) << second.message();
  EXPECT_EQ(this->fixture_.rows(), some_texts(0, 9));
}

TYPED_TEST_P(OverlappingSinkConformance, DiscardsAnEpochBeforeTheOneBeforeIsCommitted) {
  this->sink_->writer().discard(std::move(this->second_));
  const Status first = this->commit(1, this->first_);
  ASSERT_TRUE(first.ok()) << first.message();
  EXPECT_EQ(this->fixture_.rows(), some_texts(0, 6));
  const Status again = this->put(*this->sink_, some_rows(6, 3), 2);
  ASSERT_TRUE(again.ok()) << again.message();
  EXPECT_EQ(this->fixture_.rows(), some_texts(0, 9));
}

TYPED_TEST_P(OverlappingSinkConformance, GoesOnInAnotherProcessThatKnowsOfNeither) {
  this->sink_ = this->start();
  for (int epoch = 1; epoch <= 2; ++epoch) {
    const Status again = this->put(*this->sink_, some_rows(3 * epoch, 3), epoch);
    ASSERT_TRUE(again.ok()) << again.message();
  }
  EXPECT_EQ(this->fixture_.rows(), some_texts(0, 9));
}

// The store keeps the commit waiting at each call until the next epochs are written.
TYPED_TEST_P(OverlappingSinkConformance, WritesWhileItCommits) {
  const auto own_thread = std::this_thread::get_id();
  std::promise<void> begun, written;
  const std::shared_future<void> is_written = written.get_future().share();
  bool first_call = true;
  this->fixture_.store()->watch([&] {
    if (std::this_thread::get_id() == own_thread) return;
    if (std::exchange(first_call, false)) begun.set_value();
    EXPECT_EQ(is_written.wait_for(std::chrono::seconds(30)), std::future_status::ready);
  });
  std::thread committing([&] {
    EXPECT_TRUE(this->commit(1, this->first_).ok());
    EXPECT_TRUE(this->commit(2, this->second_).ok());
  });
  begun.get_future().wait();
  stream::Committable given_up = this->write(*this->sink_, some_rows(9, 3), 3).value();
  this->sink_->writer().discard(std::move(given_up));
  stream::Committable third = this->write(*this->sink_, some_rows(9, 3), 3).value();
  written.set_value();
  committing.join();
  EXPECT_EQ(this->fixture_.rows(), some_texts(0, 9));
  ASSERT_TRUE(this->commit(3, third).ok());
  EXPECT_EQ(this->fixture_.rows(), some_texts(0, 12));
}

REGISTER_TYPED_TEST_SUITE_P(OverlappingSinkConformance, CommitsAnEpochAfterTheNextIsWritten,
                            DiscardsAnEpochBeforeTheOneBeforeIsCommitted,
                            GoesOnInAnotherProcessThatKnowsOfNeither, WritesWhileItCommits);

}  // namespace lakeward::test
