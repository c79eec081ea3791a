#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "format/decoding.h"
#include "format/json_format.h"
#include "format/memory_source.h"

namespace lakeward::format {
namespace {

using testing::_;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

const engine::Schema kSensor = {
    {"timestamp", "TIMESTAMP WITH TIME ZONE"},
    {"device_id", "VARCHAR"},
    {"floor", "INTEGER"},
    {"value", "DOUBLE"},
};

std::unique_ptr<Format> json(engine::Schema columns,
                             OnMalformed on_malformed = OnMalformed::kDeadLetter) {
  JsonOptions options;
  options.columns = std::move(columns);
  options.on_malformed = on_malformed;
  return std::move(make_json_format(options)).value();
}

TEST(JsonDecoder, ReadsFieldsInTheDeclaredOrder) {
  const Decoded decoded = decode_all(
      *json(kSensor),
      {R"({"timestamp":"2026-01-01T00:00:00Z","device_id":"sensor-007","floor":3,"value":21.37})"});
  ASSERT_TRUE(decoded.status.ok()) << decoded.status.message();
  EXPECT_THAT(decoded.rows,
              ElementsAre(ElementsAre("2026-01-01 00:00:00+00", "sensor-007", "3", "21.37")));
}

TEST(JsonDecoder, ReadsFieldsInAnyOrderAndSkipsUnknownOnes) {
  std::vector<std::string> fields = {
      R"("timestamp":"2026-01-01T00:00:00Z")", R"("device_id":"a sensor with a long name")",
      R"("floor":3)", R"("value":21.37)", R"("more":{"a":[1,{"b":"}"},[]],"c":null})"};
  std::sort(fields.begin(), fields.end());
  std::vector<std::string> lines;
  do {
    lines.push_back("{");
    for (const std::string& field : fields) lines.back() += field + ",";
    lines.back().back() = '}';
  } while (std::next_permutation(fields.begin(), fields.end()));
  const Decoded decoded = decode_all(*json(kSensor), lines);
  ASSERT_THAT(decoded.rows, SizeIs(120));
  for (const auto& row : decoded.rows) {
    EXPECT_THAT(row,
                ElementsAre("2026-01-01 00:00:00+00", "a sensor with a long name", "3", "21.37"));
  }
}

TEST(JsonDecoder, MakesMissingFieldsAndNullsNull) {
  const Decoded decoded =
      decode_all(*json(kSensor), {"{}", R"({"floor":null,"value":null})", R"({"value":1})",
                                  R"({"floor":2,"device_id":null})"});
  EXPECT_THAT(decoded.rows, ElementsAre(ElementsAre("NULL", "NULL", "NULL", "NULL"),
                                        ElementsAre("NULL", "NULL", "NULL", "NULL"),
                                        ElementsAre("NULL", "NULL", "NULL", "1.0"),
                                        ElementsAre("NULL", "NULL", "2", "NULL")));
}

TEST(JsonDecoder, LeavesNothingOfARejectedRecordInTheNextRow) {
  const Decoded decoded = decode_all(*json({{"a", "INTEGER"}, {"b", "VARCHAR"}}),
                                     {R"({"a":null,"b":null,"b":null})", R"({"a":1,"b":"one"})",
                                      "{}", R"({"a":null,"b":2)", R"({"a":2,"b":"two"})"});
  EXPECT_THAT(decoded.rows, ElementsAre(ElementsAre("1", "one"), ElementsAre("NULL", "NULL"),
                                        ElementsAre("2", "two")));
  EXPECT_THAT(decoded.row_records, ElementsAre(1, 2, 4));
  ASSERT_THAT(decoded.rejections, SizeIs(2));
  EXPECT_EQ(decoded.rejections[0].position, Position::make(3, 0));
  EXPECT_EQ(decoded.rejections[0].reason, "'b' appears twice");
  EXPECT_EQ(Position::place(decoded.rejections[1].position), 50u);
}

TEST(JsonDecoder, RejectsTheSameRecordsWhateverColumnsTheQueryUses) {
  const std::vector<std::string> lines = {R"({"floor":"x"})", R"({"floor":1})", R"({"value":[]})"};
  const auto format = json(kSensor);
  for (const char* select : {"SELECT count(*)::VARCHAR FROM input",
                             "SELECT floor::VARCHAR FROM input", "SELECT device_id FROM input"}) {
    EXPECT_THAT(decode_all(*format, lines, select).rejections, SizeIs(2)) << select;
  }
}

TEST(JsonDecoder, MakesAMalformedRecordARowOfNullsWhenAsked) {
  const Decoded decoded = decode_all(*json(kSensor, OnMalformed::kNull),
                                     {R"({"floor":1,"value":2})", R"({"floor":1,"value":tru})"});
  EXPECT_THAT(decoded.rows, ElementsAre(ElementsAre("NULL", "NULL", "1", "2.0"),
                                        ElementsAre("NULL", "NULL", "NULL", "NULL")));
  EXPECT_THAT(decoded.rejections, IsEmpty());
}

TEST(JsonDecoder, FailsWithThePlaceAndTheReasonWhenAsked) {
  const Decoded decoded =
      decode_all(*json(kSensor, OnMalformed::kFail), {R"({"floor":1})", R"({"floor":3.5})"});
  EXPECT_EQ(decoded.status.code(), StatusCode::kExpectationFailed);
  EXPECT_EQ(decoded.status.message(),
            "input/a.jsonl at byte 12: 'floor': 3.5 is not an INTEGER (decode says on_malformed: "
            "fail)");
}

TEST(JsonDecoder, SkipsTheHeaderOfASchemaRegistryWhenAsked) {
  JsonOptions options;
  options.columns = {{"floor", "INTEGER"}};
  options.is_framed = true;
  const auto format = std::move(make_json_format(options)).value();
  EXPECT_EQ(format->framing(), Framing::kWhole);
  const std::string header = std::string(4, '\0') + '\n';
  const Decoded decoded = decode_all(
      *format, {header + R"({"floor":1})", R"({"floor":2})", "", std::string(3, '\0'), header});
  EXPECT_THAT(decoded.rows, ElementsAre(ElementsAre("1")));
  std::vector<std::string> reasons;
  for (const Rejection& rejection : decoded.rejections) reasons.push_back(rejection.reason);
  EXPECT_THAT(reasons, ElementsAre("the record does not begin with a zero byte and a schema's id",
                                   "the record is empty", "the record ends in its schema's id",
                                   "the record is empty"));
}

TEST(JsonDecoder, SkipsTombstonesWhenAsked) {
  const std::vector<std::string> records = {kTombstone, R"({"floor":1})", "", kTombstone};
  for (const bool skip : {false, true}) {
    const auto format =
        make_json_format({.columns = {{"floor", "INTEGER"}}, .skip_tombstones = skip});
    const Decoded decoded = decode_all(**format, records);
    EXPECT_THAT(decoded.rows, ElementsAre(ElementsAre("1")));
    EXPECT_THAT(decoded.rejections, SizeIs(skip ? 1 : 3));
  }
}

TEST(JsonDecoder, LooksUpTheSchemasOfFramedRecords) {
  const auto source = std::make_shared<MemorySource>();
  source->schemas = {{1, {"JSON", "{}"}}, {2, {"JSON", "true"}}, {3, {"AVRO", R"("string")"}}};
  ManualClock clock{Timestamp{0}};
  const auto format = make_json_format(
      {.columns = {{"floor", "INTEGER"}}, .is_framed = true, .source = source, .clock = &clock});
  std::vector<std::string> records;
  for (const uint32_t id : {1, 1, 9, 2, 3, 1}) records.push_back(framed(id, R"({"floor":7})"));
  const Decoded decoded = decode_all(**format, records);
  EXPECT_EQ(decoded.row_records, (std::vector<uint32_t>{0, 1, 3, 5}));
  std::vector<std::string> reasons;
  for (const Rejection& rejection : decoded.rejections) reasons.push_back(rejection.reason);
  EXPECT_THAT(reasons, ElementsAre("schema 9 is not known to the test's registry",
                                   "schema 3 is not a JSON Schema but AVRO"));
  EXPECT_THAT(source->asked, Each(Pair(_, 1)));

  source->schemas[9] = {"JSON", "{}"};
  EXPECT_THAT(decode_all(**format, records).rejections, SizeIs(2));
  clock.advance(std::chrono::minutes(2));
  (*format)->begin_epoch(std::nullopt);
  source->away = true;
  const Decoded away = decode_all(**format, records);
  EXPECT_EQ(away.status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(away.status.message(), HasSubstr("schema 9: the registry is away"));
  source->away = false;
  EXPECT_THAT(decode_all(**format, records).rejections, SizeIs(1));
}

TEST(JsonDecoder, RefusesInARepeatedEpochWhatWasRefusedBefore) {
  const auto source = std::make_shared<MemorySource>();
  source->schemas = {{9, {"JSON", "{}"}}};
  const auto format =
      make_json_format({.columns = {{"floor", "INTEGER"}}, .is_framed = true, .source = source});
  (*format)->begin_epoch(RefusedSchemas{9});
  const std::string record = framed(9, R"({"floor":7})");
  EXPECT_THAT(decode_all(**format, {record}).rejections, SizeIs(1));
  const Status unknown = decode_all(**format, {record, framed(8, "{}")}).status;
  EXPECT_EQ(unknown.code(), StatusCode::kUnavailable);
  EXPECT_THAT(unknown.message(),
              HasSubstr("schema 8 is not known to the test's registry, and was"));
}

TEST(JsonDecoder, FillsChunkAfterChunk) {
  std::vector<std::string> lines;
  for (int i = 0; i < 10'000; ++i) {
    lines.push_back(i % 10 == 3 ? R"({"floor":)" : R"({"floor":)" + std::to_string(i) + "}");
  }
  const Decoded decoded =
      decode_all(*json(kSensor), lines, "SELECT count(*)::VARCHAR, sum(floor)::VARCHAR FROM input");
  EXPECT_THAT(decoded.rows, ElementsAre(ElementsAre("9000", "44997000")));
  EXPECT_THAT(decoded.rejections, SizeIs(1000));
}

}  // namespace
}  // namespace lakeward::format
