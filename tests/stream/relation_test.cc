// Sources that the engine reads by itself: rows of a table instead of records.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "stream/pipeline_fixture.h"

namespace lakeward::stream {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

// A table that grows; rows have a number and, from some row on, a colour.
struct GrowingTable {
  size_t rows = 0;
  std::optional<size_t> colour_from;
};

class TableSource final : public Source {
 public:
  explicit TableSource(GrowingTable& table) : table_(table) {}
  Status attach(checkpoint::SourceLog&) override { return ok_status(); }
  Result<std::optional<Offset>> plan(const std::optional<Offset>& from, const Limits& limits,
                                     PlanMode, std::stop_token) override {
    const size_t begin = from ? test::MemorySource::number(*from) : 0;
    size_t end = table_.rows;
    if (limits.rows > 0) end = std::min<size_t>(end, begin + limits.rows);
    if (begin >= end) return {std::nullopt};
    return {test::MemorySource::offset(end)};
  }
  Result<Input> read(const ReadRequest& request) override {
    const size_t begin = request.range.from ? test::MemorySource::number(*request.range.from) : 0;
    const size_t end = test::MemorySource::number(request.range.to);
    std::string columns =
        "range::UBIGINT AS _position, range::BIGINT AS id, "
        "TIMESTAMPTZ '2020-01-01 00:00:00+00' AS _ingest_time";
    if (table_.colour_from && end > *table_.colour_from) columns += ", 'red' AS colour";
    return Input(InputRelation{"SELECT " + columns + " FROM range(" + std::to_string(begin) + ", " +
                                   std::to_string(end) + ") -- rows",
                               {"part-0.parquet"}});
  }
  Result<std::optional<engine::Schema>> relation_schema() override {
    if (table_.rows == 0) return {std::nullopt};
    return {engine::Schema{{"id", "BIGINT"}, {"_ingest_time", "TIMESTAMP WITH TIME ZONE"}}};
  }
  Status acknowledge(const Offset&) override { return ok_status(); }
  Result<SourceLag> lag(const std::optional<Offset>&) override { return SourceLag{}; }

 private:
  GrowingTable& table_;
};

struct RelationPipeline : TestPipeline {
  GrowingTable input;
  Status drain_table() {
    PipelineSpec spec;
    spec.name = "silver";
    spec.source = std::make_unique<TableSource>(input);
    spec.transform = transform;
    spec.expectations = expectations;
    spec.limits = limits;
    ASSIGN_OR_RETURN(spec.checkpoint, checkpoint::CheckpointLog::open(store, "silver", random));
    spec.sinks.push_back(std::make_unique<test::MemorySink>("sink", table, fuse));
    spec.dead_letters = std::make_unique<test::MemorySink>("dead_letter", dead_letters, fuse);
    ASSIGN_OR_RETURN(
        const auto runner,
        PipelineRunner::make(std::move(spec), {clock, random, test_database(), &reports}));
    return runner->drain({});
  }
};

TEST(TableInput, BringsEachRowOnceWithTheColumnsOfTheTable) {
  RelationPipeline pipeline;
  pipeline.limits.rows = 300;
  ASSERT_TRUE(pipeline.drain_table().ok()) << "a table that does not exist yet has nothing";
  pipeline.input.rows = 1000;
  const Status drained = pipeline.drain_table();
  ASSERT_TRUE(drained.ok()) << drained.message();
  EXPECT_EQ(pipeline.table.rows().size(), 1000u);
  EXPECT_THAT(pipeline.table.rows()[0], HasSubstr(R"({"id":0,"_ingest_time":"2020-01-01)"));
  EXPECT_EQ(pipeline.reports.epochs.size(), 4u);
  EXPECT_EQ(pipeline.reports.total.read, 1000u);
}

TEST(TableInput, GivesDeadLettersTheRowAsJson) {
  RelationPipeline pipeline;
  pipeline.input.rows = 10;
  pipeline.transform = "SELECT id * 2 AS twice FROM input WHERE id <> 3";
  pipeline.expectations = {{"small", "twice < 14", Otherwise::kDeadLetter}};
  const Status drained = pipeline.drain_table();
  ASSERT_TRUE(drained.ok()) << drained.message();
  EXPECT_EQ(pipeline.table.rows().size(), 6u);
  ASSERT_EQ(pipeline.dead_letters.rows().size(), 3u);
  const json letter = json::parse(pipeline.dead_letters.sorted_rows()[0]);
  EXPECT_EQ(letter["reason"], "breaks small: twice < 14");
  EXPECT_THAT(letter["raw"].get<std::string>(), HasSubstr("\\x22id\\x22:7,"));
  EXPECT_EQ(letter["row"], R"({"twice":14})");
  EXPECT_EQ(letter["file"], "part-0.parquet");
  EXPECT_EQ(letter["offset"], 7);
  EXPECT_EQ(pipeline.reports.total.filtered, 1u);
}

TEST(TableInput, RefusesRowsOnWhichTheTransformFails) {
  RelationPipeline pipeline;
  pipeline.input.rows = 10;
  pipeline.transform = "SELECT CAST(id * 40 AS TINYINT) AS tiny FROM input";
  const Status drained = pipeline.drain_table();
  ASSERT_TRUE(drained.ok()) << drained.message();
  EXPECT_EQ(pipeline.table.rows().size(), 4u);
  EXPECT_EQ(pipeline.dead_letters.rows().size(), 6u);
}

TEST(TableInput, FollowsATableThatGetsAColumn) {
  RelationPipeline pipeline;
  pipeline.input.rows = 5;
  ASSERT_TRUE(pipeline.drain_table().ok());
  pipeline.input.rows = 7;
  pipeline.input.colour_from = 5;
  const Status drained = pipeline.drain_table();
  ASSERT_TRUE(drained.ok()) << drained.message();
  EXPECT_THAT(pipeline.table.epochs.at(1)[0], HasSubstr(R"("colour":"red")"));
}

TEST(TableInput, SaysWhichRowBreaksAnExpectationThatSaysFail) {
  RelationPipeline pipeline;
  pipeline.input.rows = 10;
  pipeline.expectations = {{"small", "id < 9", Otherwise::kFail}};
  const Status failed = pipeline.drain_table();
  EXPECT_EQ(failed.code(), StatusCode::kExpectationFailed);
  EXPECT_THAT(failed.message(), HasSubstr("{\"id\":9,"));
}

}  // namespace
}  // namespace lakeward::stream
