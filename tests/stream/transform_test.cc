#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stream/pipeline_fixture.h"
#include "stream/transform_rewrite.h"

namespace lakeward::stream {
namespace {

using ::testing::HasSubstr;
using Rows = std::vector<std::string>;

TEST(Transform, SeesOnlyTheEpochsTimeHoweverItAsks) {
  TestPipeline pipeline;
  pipeline.send(1);
  pipeline.transform =
      "SELECT now() = _ingest_time AS a, current_timestamp = _ingest_time AS b, "
      "today() = DATE '2023-11-14' AS c, current_date = DATE '2023-11-14' AS d, "
      "transaction_timestamp() = _ingest_time AS e, get_current_timestamp() = _ingest_time AS f, "
      "epoch_ms(_ingest_time) AS ms, _epoch FROM input";
  const Status drained = pipeline.drain();
  ASSERT_TRUE(drained.ok()) << drained.message();
  EXPECT_EQ(
      pipeline.table.rows()[0],
      R"({"a":true,"b":true,"c":true,"d":true,"e":true,"f":true,"ms":1700000000000,"_epoch":0})");
}

TEST(Transform, KeepsTheTimeOfAnEpochThatIsRepeated) {
  TestPipeline pipeline;
  pipeline.send(3);
  pipeline.transform = "SELECT id, epoch_ms(_ingest_time) AS ms FROM input";
  pipeline.fuse.set(6, test::Fuse::When::kBefore);
  EXPECT_FALSE(pipeline.drain().ok());
  pipeline.fuse.clear();
  pipeline.clock.advance(Duration{3'600'000'000});
  ASSERT_TRUE(pipeline.drain().ok());
  EXPECT_EQ(pipeline.table.rows()[0], R"({"id":0,"ms":1700000000000})");
}

TEST(Transform, MayUseWhatIsKnownOfARecord) {
  TestPipeline pipeline;
  pipeline.send(1);
  pipeline.topic.keys = {"k\xff"};
  pipeline.transform =
      "SELECT *, _raw AS raw, _key AS k, _topic AS t, _partition AS p, _offset AS o, "
      "epoch_ms(_timestamp) AS ts, _timestamp_ms AS ms, _headers AS h, _file AS f, _line AS l FROM "
      "input";
  const Status drained = pipeline.drain();
  ASSERT_TRUE(drained.ok()) << drained.message();
  EXPECT_EQ(
      pipeline.table.rows()[0],
      R"({"id":0,"name":"the name of number 0","raw":"{\"id\":0,\"name\":\"the name of number 0\"}",)"
      R"("k":"k\\xFF","t":"readings","p":0,"o":0,"ts":0,"ms":0,"h":null,"f":null,"l":1})");
}

struct StarCase {
  const char* sql;
  const char* row;
};

TEST(Transform, LeavesOutWhatIsNotDecodedWhereItSaysStar) {
  for (const StarCase& c : std::vector<StarCase>{
           {"SELECT * FROM input", R"({"id":0,"name":"n"})"},
           {"FROM input", R"({"id":0,"name":"n"})"},
           {"SELECT i.* FROM input i", R"({"id":0,"name":"n"})"},
           {"SELECT * EXCLUDE (name) FROM input;", R"({"id":0})"},
           {"SELECT * REPLACE (id + 1 AS id) FROM input", R"({"id":1,"name":"n"})"},
           {"SELECT _topic, * FROM input", R"({"_topic":"readings","id":0,"name":"n"})"},
           {"SELECT * FROM (SELECT * FROM input) x", R"({"id":0,"name":"n"})"},
           {"WITH x AS (SELECT * FROM input) SELECT * FROM x", R"({"id":0,"name":"n"})"},
           {"SELECT * FROM input JOIN (SELECT 0 AS id, 7 AS other) USING (id)",
            R"({"id":0,"name":"n","other":7})"},
           {"SELECT * FROM input, (SELECT 7 AS other)", R"({"id":0,"name":"n","other":7})"},
           {"SELECT *, (SELECT max(z) FROM (SELECT * FROM (SELECT 3 AS z))) AS top FROM input",
            R"({"id":0,"name":"n","top":3})"},
           {"SELECT * FROM input UNION ALL SELECT * FROM input WHERE false",
            R"({"id":0,"name":"n"})"},
           {"SELECT count(*) AS n FROM input", R"({"n":1})"},
       }) {
    TestPipeline pipeline;
    pipeline.send(R"({"id":0,"name":"n"})");
    pipeline.transform = c.sql;
    const Status drained = pipeline.drain();
    ASSERT_TRUE(drained.ok()) << c.sql << ": " << drained.message();
    EXPECT_EQ(pipeline.table.rows(), Rows{c.row}) << c.sql;
  }
}

TEST(Transform, CountsWhatItsWhereLeavesOut) {
  TestPipeline pipeline;
  pipeline.send(1000);
  pipeline.send("?");
  pipeline.transform = "SELECT id FROM input WHERE id % 4 = 0";
  pipeline.expectations = {{"large", "id >= 400", Otherwise::kDrop},
                           {"not_800", "id <> 800", Otherwise::kKeep}};
  const Status drained = pipeline.drain();
  ASSERT_TRUE(drained.ok()) << drained.message();
  const Accounting& total = pipeline.reports.total;
  EXPECT_EQ(total.read, 1001u);
  EXPECT_EQ(total.malformed, 1u);
  EXPECT_EQ(total.filtered, 750u);
  EXPECT_EQ(total.dropped, 100u);
  EXPECT_EQ(total.written, 150u);
  EXPECT_EQ(total.kept_invalid, 1u);
  EXPECT_EQ(total.read, total.written + total.filtered + total.dropped + total.dead_lettered);
}

TEST(Transform, AccountsForEveryRecordEvenIfItReadsNone) {
  for (const char* sql : {"SELECT * FROM input WHERE false", "SELECT * FROM input LIMIT 3"}) {
    TestPipeline pipeline;
    pipeline.send(5000);
    pipeline.send("?");
    pipeline.transform = sql;
    const Status drained = pipeline.drain();
    ASSERT_TRUE(drained.ok()) << sql << drained.message();
    EXPECT_EQ(pipeline.reports.total.read, 5001u) << sql;
    EXPECT_EQ(pipeline.dead_letters.rows().size(), 1u) << sql;
  }
}

struct WrongCase {
  const char* sql;
  const char* check;
  const char* message;
};

TEST(Transform, NamesWhatIsWrongInItBeforeAnythingRuns) {
  for (const WrongCase& c : std::vector<WrongCase>{
           {"SELEC * FROM input", "true", "syntax error"},
           {"SELECT idd FROM input", "true", "idd"},
           {"SELECT * FROM input", "name", "expectation 'check'"},
           {"SELECT * FROM input", "nme IS NOT NULL", "expectation 'check'"},
           {"SELECT 1; SELECT 2", "true", "transform"},
           {"DELETE FROM input", "true", "transform"},
       }) {
    TestPipeline pipeline;
    pipeline.transform = c.sql;
    pipeline.expectations = {{"check", c.check, Otherwise::kDrop}};
    const auto runner = pipeline.start();
    if (std::string(c.check) == "name") continue;  // text casts to BOOLEAN
    EXPECT_EQ(runner.status().code(), StatusCode::kInvalidArgument) << c.sql;
    EXPECT_THAT(runner.status().message(), HasSubstr(c.message)) << c.sql;
  }
}

}  // namespace
}  // namespace lakeward::stream
