#include "stream/dead_letters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "format/memory_source.h"
#include "format/record_headers.h"
#include "stream/pipeline_fixture.h"
#include "support/shared_files.h"

namespace lakeward::stream {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

json letter(const TestPipeline& pipeline, size_t index) {
  return json::parse(pipeline.dead_letters.sorted_rows().at(index));
}

TEST(DeadLetters, AreDescribedColumnByColumn) {
  std::ifstream file(test::source_folder() / "docs" / "dead_letters.md");
  const std::string page((std::istreambuf_iterator<char>(file)), {});
  for (const engine::Column& column : dead_letter_schema()) {
    EXPECT_THAT(page, HasSubstr("`" + column.name + "`"));
  }
}

TEST(DeadLetters, HoldMalformedRecordsWithReasonPlaceAndBytes) {
  TestPipeline pipeline;
  pipeline.send(3);
  pipeline.send("{\"id\": 3, \"name\":");
  pipeline.topic.keys = {"a", "b", "c", "d"};
  ASSERT_TRUE(pipeline.drain().ok());
  EXPECT_EQ(pipeline.table.rows().size(), 3u);
  ASSERT_EQ(pipeline.dead_letters.rows().size(), 1u);
  const json found = letter(pipeline, 0);
  EXPECT_EQ(found["epoch"], 0);
  EXPECT_THAT(found["reason"].get<std::string>(), HasSubstr("JSON"));
  EXPECT_TRUE(found["expectation"].is_null());
  EXPECT_EQ(found["topic"], "readings");
  EXPECT_EQ(found["partition"], 0);
  EXPECT_EQ(found["offset"], 30);
  EXPECT_EQ(found["line"], 4);
  EXPECT_EQ(found["key"], "d");
  EXPECT_EQ(found["raw"], "{\\x22id\\x22: 3, \\x22name\\x22:");
  EXPECT_TRUE(found["row"].is_null());
  EXPECT_THAT(found["rejected_at"].get<std::string>(), HasSubstr("2023-11-14 22:13:20"));
  EXPECT_EQ(pipeline.reports.total.malformed, 1u);
  EXPECT_EQ(pipeline.reports.total.dead_lettered, 1u);
}

TEST(DeadLetters, OfATopicThatCannotBeDecodedKeepOnlyTheFirstReasons) {
  constexpr size_t kRecords = 300'000;
  TestPipeline pipeline;
  pipeline.topic.records.assign(kRecords, "{\"id\": 3, \"name\":");
  const Status drained = pipeline.drain();
  ASSERT_TRUE(drained.ok()) << drained.message();
  EXPECT_EQ(pipeline.reports.total.malformed, kRecords);
  size_t with_reason = 0;
  size_t without = 0;
  for (const std::string& row : pipeline.dead_letters.rows()) {
    (row.find("\"reason\":\"malformed\"") == std::string::npos ? with_reason : without) += 1;
  }
  EXPECT_EQ(with_reason + without, kRecords);
  EXPECT_GT(with_reason, 10'000u);
  EXPECT_GT(without, 10'000u);
}

TEST(DeadLetters, TellARecordWithoutAPayloadFromAnEmptyOne) {
  for (const bool captured : {false, true}) {
    TestPipeline pipeline;
    pipeline.topic.has_lines = !captured;
    pipeline.send_tombstone();
    pipeline.send("");
    ASSERT_TRUE(pipeline.drain().ok());
    EXPECT_EQ(pipeline.topic.rereads, captured ? 0u : 1u);
    ASSERT_EQ(pipeline.dead_letters.rows().size(), 2u);
    EXPECT_EQ(letter(pipeline, 0)["offset"], 0);
    EXPECT_TRUE(letter(pipeline, 0)["raw"].is_null());
    EXPECT_EQ(letter(pipeline, 1)["raw"], "");
  }
}

TEST(DeadLetters, HoldTheRecordsOwnKeyTimeAndHeaders) {
  for (const bool captured : {false, true}) {
    for (const bool has_headers : {true, false}) {
      TestPipeline pipeline;
      pipeline.send(1);
      pipeline.send("rubbish");
      pipeline.topic.keys = {"a", "\xFF"};
      const std::vector<format::Header> headers = {{"trace", "x"}, {"bytes", "\xFE"}};
      if (has_headers) pipeline.topic.headers = format::pack_headers(headers);
      pipeline.topic.has_lines = !captured;
      pipeline.expectations = {{"never", "false", Otherwise::kDeadLetter}};
      ASSERT_TRUE(pipeline.drain().ok());
      ASSERT_EQ(pipeline.dead_letters.rows().size(), 2u);
      for (const size_t i : {0, 1}) {
        const json found = letter(pipeline, i);
        const bool is_rubbish = found["offset"] == 10;
        EXPECT_EQ(found["key"], is_rubbish ? "\\xFF" : "a");
        EXPECT_EQ(found["key_bytes"], is_rubbish ? "\\xFF" : "a") << "a BLOB as text";
        EXPECT_EQ(found["timestamp"],
                  is_rubbish ? "1970-01-01 00:00:01+00" : "1970-01-01 00:00:00+00");
        if (has_headers) {
          EXPECT_EQ(found["headers"], R"({"trace":"x","bytes":{"base64":"/g=="}})");
        } else {
          EXPECT_TRUE(found["headers"].is_null());
        }
      }
    }
  }
}

// Whatever step of an epoch the process is killed at, and whatever the registry learns or forgets
// meanwhile.
TEST(DeadLetters, OfUnknownSchemasStayWhatTheyWereWhenTheEpochIsRepeated) {
  const std::string row = R"({"id":1,"name":"a"})";
  for (size_t step = 0;; ++step) {
    const auto schemas = std::make_shared<format::MemorySource>();
    schemas->schemas = {{1, {"JSON", "{}"}}, {2, {"JSON", "{}"}}};
    TestPipeline pipeline;
    pipeline.schemas = schemas;
    for (const uint32_t id : {1, 9, 2}) pipeline.send(format::framed(id, row));
    pipeline.fuse.set(step, test::Fuse::When::kAfter);
    const Status killed = pipeline.drain();
    const bool was_killed = pipeline.fuse.blown();
    const size_t refused = pipeline.dead_letters.rows().size();
    pipeline.fuse.clear();
    schemas->schemas[9] = {"JSON", "{}"};
    if (refused > 0) schemas->schemas.erase(2);
    pipeline.reports.heal = [&](size_t) { schemas->schemas[2] = {"JSON", "{}"}; };
    const Status drained = pipeline.drain();
    ASSERT_TRUE(drained.ok()) << drained.message();
    EXPECT_EQ(pipeline.table.rows().size() + pipeline.dead_letters.rows().size(), 3u) << step;
    if (refused > 0) {
      EXPECT_EQ(pipeline.dead_letters.rows().size(), refused) << step;
    }
    EXPECT_THAT(pipeline.store.list("checkpoint/sources/0", "").value(), IsEmpty());
    if (!was_killed) break;
  }
}

TEST(DeadLetters, NameEveryExpectationThatARowBreaks) {
  TestPipeline pipeline;
  pipeline.send(2);
  pipeline.send("{\"id\":-5,\"name\":null}");
  pipeline.transform = "SELECT id, upper(name) AS shout FROM input";
  pipeline.expectations = {{"has_shout", "shout IS NOT NULL", Otherwise::kDeadLetter},
                           {"positive", "id >= 0 -- or so", Otherwise::kDrop}};
  const Status drained = pipeline.drain();
  ASSERT_TRUE(drained.ok()) << drained.message();
  EXPECT_EQ(pipeline.table.rows().size(), 2u);
  ASSERT_EQ(pipeline.dead_letters.rows().size(), 1u);
  const json found = letter(pipeline, 0);
  EXPECT_EQ(found["reason"], "breaks has_shout: shout IS NOT NULL; breaks positive: id >= 0");
  EXPECT_EQ(found["expectation"], "has_shout, positive");
  EXPECT_EQ(found["row"], R"({"id":-5,"shout":null})");
  EXPECT_THAT(found["raw"].get<std::string>(), HasSubstr("name"));
}

TEST(DeadLetters, OfAnAggregateHaveTheRowButNoRecord) {
  TestPipeline pipeline;
  pipeline.send(10);
  pipeline.send("rubbish");
  pipeline.transform = "SELECT id % 3 AS third, count(*) AS n FROM input GROUP BY ALL";
  pipeline.expectations = {{"few", "n < 4", Otherwise::kDeadLetter}};
  const Status drained = pipeline.drain();
  ASSERT_TRUE(drained.ok()) << drained.message();
  EXPECT_EQ(pipeline.table.rows().size(), 2u);
  ASSERT_EQ(pipeline.dead_letters.rows().size(), 2u);
  EXPECT_EQ(letter(pipeline, 0)["row"], R"({"third":0,"n":4})");
  EXPECT_TRUE(letter(pipeline, 0)["raw"].is_null());
  EXPECT_EQ(letter(pipeline, 1)["raw"], "rubbish");
}

TEST(DeadLetters, HoldRecordsOnWhichTheTransformFails) {
  TestPipeline pipeline;
  pipeline.send(5);
  pipeline.send(R"({"id":5,"name":"2026-01-01"})");
  pipeline.transform =
      "SELECT id, CAST(name AS DATE) AS day, abs(-1), last_day(CAST(name AS DATE)) AS m "
      "FROM input WHERE id < 100 -- done";
  const Status drained = pipeline.drain();
  ASSERT_TRUE(drained.ok()) << drained.message();
  ASSERT_EQ(pipeline.table.rows().size(), 1u);
  EXPECT_EQ(pipeline.table.rows()[0],
            R"x({"id":5,"day":"2026-01-01","abs(-1)":1,"m":"2026-01-31"})x");
  ASSERT_EQ(pipeline.dead_letters.rows().size(), 5u);
  EXPECT_THAT(letter(pipeline, 0)["reason"].get<std::string>(),
              HasSubstr("the transform fails on this record"));
  EXPECT_EQ(pipeline.reports.total.dead_lettered, 5u);
}

TEST(DeadLetters, HoldRecordsOnWhichTheWhereFails) {
  TestPipeline pipeline;
  pipeline.send(5);
  pipeline.send(R"({"id":5,"name":"17"})");
  pipeline.send(R"({"id":6,"name":"3"})");
  pipeline.transform = "SELECT * FROM input WHERE CAST(name AS INTEGER) > 10";
  const Status drained = pipeline.drain();
  ASSERT_TRUE(drained.ok()) << drained.message();
  EXPECT_EQ(pipeline.table.rows(), std::vector<std::string>{R"({"id":5,"name":"17"})"});
  EXPECT_EQ(pipeline.dead_letters.rows().size(), 5u);
  EXPECT_EQ(pipeline.reports.total.filtered, 1u);
}

TEST(DeadLetters, HoldValuesThatAreNotOfTheDeclaredType) {
  TestPipeline pipeline;
  pipeline.columns = {{"id", "BIGINT"}, {"price", "DECIMAL(10,2)"}, {"tags", "VARCHAR[]"}};
  pipeline.send(R"({"id":1,"price":"12.50","tags":["a","b"]})");
  pipeline.send(R"({"id":2,"price":"dear","tags":[]})");
  pipeline.send(R"({"id":3,"price":null,"tags":null})");
  for (const char* transform :
       {"SELECT * FROM input WHERE price > 1 OR price IS NULL", "SELECT DISTINCT * FROM input"}) {
    TestPipeline again;
    again.columns = pipeline.columns;
    again.topic = pipeline.topic;
    again.transform = transform;
    const Status drained = again.drain();
    ASSERT_TRUE(drained.ok()) << drained.message();
    EXPECT_EQ(again.table.sorted_rows(),
              (std::vector<std::string>{R"({"id":1,"price":12.5,"tags":["a","b"]})",
                                        R"({"id":3,"price":null,"tags":null})"}));
    ASSERT_EQ(again.dead_letters.rows().size(), 1u) << transform;
    EXPECT_EQ(letter(again, 0)["reason"], "'price': dear is not a DECIMAL(10,2)");
    EXPECT_THAT(letter(again, 0)["raw"].get<std::string>(), HasSubstr("dear"));
  }
}

TEST(DeadLetters, AreReadAgainFromAllSplitsOfALargeEpoch) {
  TestPipeline pipeline;
  pipeline.topic.splits = 4;
  for (size_t i = 0; i < 20'000; ++i) {
    pipeline.send(i % 10 == 3
                      ? std::string("bad ") + std::to_string(i)
                      : "{\"id\":" + std::to_string(i) + ",\"name\":\"a rather long name of " +
                            std::to_string(i) + "\"}");
  }
  pipeline.expectations = {{"even", "id % 2 = 0", Otherwise::kDeadLetter}};
  const Status drained = pipeline.drain();
  ASSERT_TRUE(drained.ok()) << drained.message();
  EXPECT_EQ(pipeline.table.rows().size(), 10'000u);
  EXPECT_EQ(pipeline.dead_letters.rows().size(), 10'000u);
  for (const std::string& row : pipeline.dead_letters.rows()) {
    const json found = json::parse(row);
    if (found["row"].is_null()) continue;
    EXPECT_EQ(json::parse(found["row"].get<std::string>())["id"].get<int64_t>() * 10,
              found["offset"].get<int64_t>());
  }
}

// Records of several splits and many batches, some of which no JSON, and some that break a rule.
void send_mixture(TestPipeline& pipeline) {
  pipeline.topic.splits = 3;
  pipeline.expectations = {{"even", "id % 500 <> 7", Otherwise::kDeadLetter}};
  for (int i = 0; i < 20'000; ++i) {
    pipeline.send(i % 700 == 3 ? "{\"id\":" + std::to_string(i)
                               : "{\"id\":" + std::to_string(i) + ",\"name\":\"n\"}");
    pipeline.topic.keys.push_back("key " + std::to_string(i));
  }
}

TEST(DeadLetters, AreTheSameWhetherRecordsAreCapturedOrReadAgain) {
  for (const std::string transform :
       {"SELECT * FROM input", "SELECT *, _key AS k, _offset AS o, _timestamp AS t FROM input",
        "SELECT * FROM input ORDER BY name, id DESC",
        "SELECT i.*, u.x FROM input i, (SELECT unnest([1, 2]) AS x) u"}) {
    std::vector<std::string> letters[2];
    for (const bool captured : {false, true}) {
      TestPipeline pipeline;
      pipeline.topic.has_lines = !captured;
      pipeline.transform = transform;
      send_mixture(pipeline);
      const Status drained = pipeline.drain();
      ASSERT_TRUE(drained.ok()) << transform << ": " << drained.message();
      for (const std::string& row : pipeline.dead_letters.sorted_rows()) {
        json letter = json::parse(row);
        letter.erase("line");
        letters[captured ? 1 : 0].push_back(letter.dump());
      }
      if (!captured) {
        EXPECT_GT(pipeline.topic.rereads, 0U) << transform;
      } else if (transform.find("ORDER") == std::string::npos) {
        EXPECT_EQ(pipeline.topic.rereads, 0U) << transform;
      }
    }
    EXPECT_GT(letters[0].size(), 60U) << transform;
    EXPECT_EQ(letters[0], letters[1]) << transform;
  }
}

TEST(DeadLetters, AreReadAgainIfTheyAreTooManyToBeCaptured) {
  TestPipeline pipeline;
  pipeline.topic.has_lines = false;
  const std::string filler(1 << 20, 'x');
  for (int i = 0; i < 40; ++i) pipeline.send("{\"id\":" + std::to_string(i) + filler);
  const Status drained = pipeline.drain();
  ASSERT_TRUE(drained.ok()) << drained.message();
  EXPECT_EQ(pipeline.dead_letters.rows().size(), 40U);
  EXPECT_GT(pipeline.topic.rereads, 0U);
}

}  // namespace
}  // namespace lakeward::stream
