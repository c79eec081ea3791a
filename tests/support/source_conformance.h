// What every source must do, as tests that a connector instantiates:
//
//   struct FileJsonLines {                      // a place with data, and sources that read it
//     // A source as a new process would make it. `environment` etc. are the fixture's own.
//     Result<std::unique_ptr<stream::Source>> make_source();
//     // Makes `count` more records available, each different from all before, and complete (a file
//     // that needs to settle has settled). May be called several times.
//     void add(size_t count);
//     // By how many records an epoch may exceed Limits::rows: 0, or what one unsplittable file
//     holds. size_t overshoot() const;
//     // The declaration, and options that are right.
//     const stream::SourceType& type() const;
//     config::Value options() const;
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(FileJsonLines, SourceConformance, FileJsonLines);
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/source_log.h"
#include "engine/database.h"
#include "engine/session.h"
#include "io/memory_store.h"
#include "stream/registry.h"
#include "stream/source.h"
#include "support/faulty_store.h"

namespace lakeward::test {

// Records by position: payload bytes, or the row of a relation as JSON.
using Contents = std::map<uint64_t, std::string>;

inline Result<Contents> read_records(stream::RecordReader& reader, size_t streams = 1) {
  Contents contents;
  std::vector<std::unique_ptr<stream::RecordStream>> open;
  for (size_t i = 0; i < streams; ++i) {
    ASSIGN_OR_RETURN(auto stream, reader.make_stream());
    open.push_back(std::move(stream));
  }
  while (!open.empty()) {  // in turns, a batch each
    for (size_t i = 0; i < open.size();) {
      ASSIGN_OR_RETURN(const std::optional<format::RecordBatch> batch, open[i]->next());
      if (!batch) {
        open.erase(open.begin() + static_cast<ptrdiff_t>(i));
        continue;
      }
      if (batch->records.empty()) return internal_error("a batch without records");
      for (const format::Record& record : batch->records) {
        const uint64_t position = format::Position::make(batch->provenance->split, record.place);
        if (!contents.emplace(position, std::string(record.payload)).second) {
          return internal_error("position " + std::to_string(position) + " was read twice");
        }
      }
      ++i;
    }
  }
  return contents;
}

inline Result<Contents> read_relation(const std::string& select) {
  ASSIGN_OR_RETURN(const auto database, engine::Database::open({}));
  ASSIGN_OR_RETURN(const auto session, database->make_session());
  ASSIGN_OR_RETURN(
      const engine::Rows rows,
      session->query("SELECT _position, CAST(to_json(r) AS VARCHAR) FROM (" + select + "\n) r"));
  Contents contents;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!contents.emplace(static_cast<uint64_t>(rows.integer(i, 0)), rows.text(i, 1)).second) {
      return internal_error("a position was read twice");
    }
  }
  return contents;
}

inline Result<Contents> read_range(stream::Source& source, const stream::OffsetRange& range,
                                   std::span<const uint64_t> only = {}, size_t streams = 1) {
  stream::ReadRequest request;
  request.range = range;
  request.only = only;
  ASSIGN_OR_RETURN(const stream::Input input, source.read(request));
  if (const auto* relation = std::get_if<stream::InputRelation>(&input)) {
    return read_relation(relation->select);
  }
  return read_records(*std::get<std::unique_ptr<stream::RecordReader>>(input), streams);
}

template <typename Fixture>
class SourceConformance : public ::testing::Test {
 protected:
  // As a new process: a new source, the same checkpoint.
  std::unique_ptr<stream::Source> start() {
    Result<std::unique_ptr<stream::Source>> source = fixture_.make_source();
    EXPECT_TRUE(source.ok()) << source.status().message();
    if (!source.ok()) return nullptr;
    const Status attached = (*source)->attach(log_);
    EXPECT_TRUE(attached.ok()) << attached.message();
    return std::move(source).value();
  }

  // The next epoch's end, which must be there.
  stream::Offset plan(stream::Source& source, const std::optional<stream::Offset>& from,
                      stream::Limits limits = {},
                      stream::PlanMode mode = stream::PlanMode::kDrain) {
    const auto to = source.plan(from, limits, mode, {});
    EXPECT_TRUE(to.ok()) << to.status().message();
    EXPECT_TRUE(to.ok() && to->has_value()) << "the source has nothing";
    return to.ok() ? to->value_or("") : "";
  }

  bool has_more(stream::Source& source, const std::optional<stream::Offset>& from) {
    const auto to = source.plan(from, {}, stream::PlanMode::kDrain, {});
    EXPECT_TRUE(to.ok()) << to.status().message();
    return to.ok() && to->has_value() && *to != from;
  }

  Contents read(stream::Source& source, const stream::OffsetRange& range,
                std::span<const uint64_t> only = {}, size_t streams = 1) {
    const Result<Contents> contents = read_range(source, range, only, streams);
    EXPECT_TRUE(contents.ok()) << contents.status().message();
    return contents.ok() ? *contents : Contents();
  }

  Fixture fixture_;
  io::MemoryStore store_;
  FaultyStore faulty_{store_};
  checkpoint::SourceLog log_{faulty_, "sources/0"};
};

TYPED_TEST_SUITE_P(SourceConformance);

TYPED_TEST_P(SourceConformance, HasNothingWhereThereIsNothing) {
  const auto source = this->start();
  ASSERT_NE(source, nullptr);
  EXPECT_FALSE(this->has_more(*source, std::nullopt));
}

TYPED_TEST_P(SourceConformance, ReadsEachRecordOnce) {
  this->fixture_.add(25);
  const auto source = this->start();
  ASSERT_NE(source, nullptr);
  std::set<std::string> seen;
  std::optional<stream::Offset> from;
  for (int epoch = 0; epoch < 30 && (epoch == 0 || this->has_more(*source, from)); ++epoch) {
    const stream::Offset to = this->plan(*source, from);
    for (const auto& [position, payload] : this->read(*source, {from, to})) {
      EXPECT_TRUE(seen.insert(payload).second) << payload;
    }
    ASSERT_TRUE(source->acknowledge(to).ok());
    from = to;
  }
  EXPECT_EQ(seen.size(), 25u);
}

TYPED_TEST_P(SourceConformance, ReplaysARangeIdentically) {
  this->fixture_.add(10);
  stream::Offset to;
  Contents first;
  {
    const auto source = this->start();
    ASSERT_NE(source, nullptr);
    to = this->plan(*source, std::nullopt);
    first = this->read(*source, {std::nullopt, to});
    EXPECT_EQ(this->read(*source, {std::nullopt, to}), first);
  }
  EXPECT_FALSE(first.empty());
  this->fixture_.add(10);  // what came later is not in the range
  const auto restarted = this->start();
  ASSERT_NE(restarted, nullptr);
  EXPECT_EQ(this->read(*restarted, {std::nullopt, to}), first);
}

TYPED_TEST_P(SourceConformance, GoesOnBehindTheLastRangeAfterARestart) {
  this->fixture_.add(10);
  stream::Offset to;
  Contents first;
  {
    const auto source = this->start();
    ASSERT_NE(source, nullptr);
    to = this->plan(*source, std::nullopt);
    first = this->read(*source, {std::nullopt, to});
    ASSERT_EQ(first.size(), 10u);
    ASSERT_TRUE(source->acknowledge(to).ok());
  }
  {
    const auto idle = this->start();
    ASSERT_NE(idle, nullptr);
    EXPECT_FALSE(this->has_more(*idle, to));
  }
  this->fixture_.add(5);
  const auto source = this->start();
  ASSERT_NE(source, nullptr);
  const stream::Offset next = this->plan(*source, to);
  const Contents second = this->read(*source, {to, next});
  EXPECT_EQ(second.size(), 5u);
  for (const auto& [position, payload] : second) {
    for (const auto& [other_position, other] : first) EXPECT_NE(payload, other);
  }
}

TYPED_TEST_P(SourceConformance, ForgetsAPlanThatWasNotUsed) {
  this->fixture_.add(6);
  const auto source = this->start();
  ASSERT_NE(source, nullptr);
  this->plan(*source, std::nullopt);
  const stream::Offset again = this->plan(*source, std::nullopt);
  EXPECT_EQ(this->read(*source, {std::nullopt, again}).size(), 6u);
  const auto restarted = this->start();
  ASSERT_NE(restarted, nullptr);
  const stream::Offset after = this->plan(*restarted, std::nullopt);
  EXPECT_EQ(this->read(*restarted, {std::nullopt, after}).size(), 6u);
}

TYPED_TEST_P(SourceConformance, KeepsToTheRowLimit) {
  this->fixture_.add(12);
  this->fixture_.add(12);
  const auto source = this->start();
  ASSERT_NE(source, nullptr);
  size_t total = 0;
  std::optional<stream::Offset> from;
  for (int epoch = 0; total < 24 && epoch < 30; ++epoch) {
    const stream::Offset to = this->plan(*source, from, {.rows = 5});
    const size_t rows = this->read(*source, {from, to}).size();
    EXPECT_GT(rows, 0u);
    EXPECT_LE(rows, 5 + this->fixture_.overshoot());
    total += rows;
    from = to;
  }
  EXPECT_EQ(total, 24u);
}

TYPED_TEST_P(SourceConformance, ReadsAgainOnlyTheRecordsAskedFor) {
  this->fixture_.add(9);
  const auto source = this->start();
  ASSERT_NE(source, nullptr);
  const stream::Offset to = this->plan(*source, std::nullopt);
  const Contents all = this->read(*source, {std::nullopt, to});
  ASSERT_EQ(all.size(), 9u);
  std::vector<uint64_t> only = {std::next(all.begin(), 2)->first, all.rbegin()->first};
  stream::ReadRequest request;
  request.range = {std::nullopt, to};
  request.only = only;
  const auto input = source->read(request);
  ASSERT_TRUE(input.ok());
  // A relation has all rows with their positions; SQL does the choosing.
  if (std::holds_alternative<stream::InputRelation>(*input)) return;
  const Contents expected = {*std::next(all.begin(), 2), *all.rbegin()};
  EXPECT_EQ(this->read(*source, {std::nullopt, to}, only), expected);
}

TYPED_TEST_P(SourceConformance, SharesARangeAmongItsStreams) {
  this->fixture_.add(20);
  this->fixture_.add(20);
  const auto source = this->start();
  ASSERT_NE(source, nullptr);
  const stream::Offset to = this->plan(*source, std::nullopt);
  const Contents one = this->read(*source, {std::nullopt, to});
  EXPECT_EQ(this->read(*source, {std::nullopt, to}, {}, 3), one);
}

TYPED_TEST_P(SourceConformance, DrainsOnlyWhatWasThereAtFirst) {
  this->fixture_.add(4);
  const auto source = this->start();
  ASSERT_NE(source, nullptr);
  const stream::Offset to = this->plan(*source, std::nullopt);
  this->fixture_.add(4);
  EXPECT_FALSE(this->has_more(*source, to)) << "what came later is left to the next run";
}

// A crash at any call that plan() makes to the checkpoint loses and repeats nothing.
TYPED_TEST_P(SourceConformance, SurvivesAKillAtEachCallOfPlan) {
  this->fixture_.add(5);
  std::optional<stream::Offset> from;
  std::set<std::string> seen;
  size_t sent = 5;
  for (const auto when : {Fault::kBefore, Fault::kAfter}) {
    for (size_t call = 0; call < 100; ++call) {
      {
        const auto source = this->start();
        ASSERT_NE(source, nullptr);
        this->faulty_.inject({.call = call, .when = when, .crash = true});
        (void)source->plan(from, {}, stream::PlanMode::kDrain, {});
        const bool reached = this->faulty_.happened();
        this->faulty_.heal();
        if (!reached) break;
      }
      const auto restarted = this->start();
      ASSERT_NE(restarted, nullptr);
      const stream::Offset to = this->plan(*restarted, from);
      for (const auto& [position, payload] : this->read(*restarted, {from, to})) {
        EXPECT_TRUE(seen.insert(payload).second) << payload;
      }
      EXPECT_EQ(seen.size(), sent);
      from = to;
      this->fixture_.add(5);
      sent += 5;
    }
  }
}

TYPED_TEST_P(SourceConformance, RefusesAnOptionThatItDoesNotKnowByName) {
  const config::Value right = this->fixture_.options();
  config::Problems none;
  this->fixture_.type().check(right, none);
  EXPECT_TRUE(none.empty()) << none.front().to_string();
  config::Value::Map wrong = right.map();
  config::Value::Entry unknown;
  unknown.key = "no_such_option";
  wrong.push_back(std::move(unknown));
  config::Problems problems;
  this->fixture_.type().check(config::Value(std::move(wrong), {}), problems);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_NE(problems[0].message.find("no_such_option"), std::string::npos) << problems[0].message;
}

REGISTER_TYPED_TEST_SUITE_P(SourceConformance, HasNothingWhereThereIsNothing, ReadsEachRecordOnce,
                            ReplaysARangeIdentically, GoesOnBehindTheLastRangeAfterARestart,
                            ForgetsAPlanThatWasNotUsed, KeepsToTheRowLimit,
                            ReadsAgainOnlyTheRecordsAskedFor, SharesARangeAmongItsStreams,
                            DrainsOnlyWhatWasThereAtFirst, SurvivesAKillAtEachCallOfPlan,
                            RefusesAnOptionThatItDoesNotKnowByName);

}  // namespace lakeward::test
