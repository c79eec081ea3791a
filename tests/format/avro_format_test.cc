#include "format/avro_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "format/decoding.h"
#include "format/memory_source.h"

namespace lakeward::format {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Bytes as Avro encodes them.
class Bytes {
 public:
  Bytes& number(int64_t value) {
    uint64_t bits = static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
    for (; bits >= 0x80; bits >>= 7) text_ += static_cast<char>(bits | 0x80);
    text_ += static_cast<char>(bits);
    return *this;
  }
  Bytes& text(const std::string& value) {
    number(static_cast<int64_t>(value.size()));
    return raw(value);
  }
  Bytes& raw(const std::string& value) {
    text_ += value;
    return *this;
  }
  operator std::string() const { return text_; }

 private:
  std::string text_;
};

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

std::unique_ptr<Format> unframed(const std::string& schema, engine::Schema columns = {},
                                 OnMalformed on_malformed = OnMalformed::kDeadLetter) {
  AvroOptions options;
  options.writer_schema = schema;
  options.columns = std::move(columns);
  options.on_malformed = on_malformed;
  auto format = make_avro_format(options);
  EXPECT_TRUE(format.ok()) << format.status().message();
  return std::move(format).value();
}

constexpr const char* kPair =
    R"({"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"s","type":"string"}]})";

// The rows of `payloads`, whose casts the engine makes as the input view does.
Decoded decode_cast(const Format& format, const std::vector<std::string>& payloads) {
  std::string select;
  for (size_t i = 0; i < format.declared().size(); ++i) {
    const engine::Column& declared = format.declared()[i];
    std::string column = "\"" + declared.name + "\"";
    if (format.decoded()[i].type != declared.type) {
      if (declared.type.ends_with("]") || declared.type.starts_with("STRUCT") ||
          declared.type.starts_with("MAP")) {
        column = "CAST(" + column + " AS JSON)";
      }
      column = "CAST(" + column + " AS " + declared.type + ")";
    }
    select += (i == 0 ? "SELECT CAST(" : ", CAST(") + column + " AS VARCHAR)";
  }
  return decode_all(format, payloads, select + " FROM input");
}

// See avro_cases.py.
TEST(AvroFormat, ReadsWhatAnotherImplementationWrote) {
  std::ifstream file(LAKEWARD_SOURCE_DIR "/tests/format/avro_cases.json");
  const json cases = json::parse(file);
  ASSERT_GT(cases.size(), 30u);
  for (const json& one : cases) {
    SCOPED_TRACE(one["name"].get<std::string>());
    auto source = std::make_shared<MemorySource>();
    source->schemas[1] = {"AVRO", one["writer"].dump(), {}};
    AvroOptions options;
    options.source = source;
    if (one.contains("reader")) options.reader_schema = one["reader"].dump();
    if (one.contains("columns")) {
      for (const json& column : one["columns"]) options.columns.push_back({column[0], column[1]});
    } else if (!one.contains("reader")) {
      options.columns = avro_columns(one["writer"].dump()).value();
    }
    const auto format = make_avro_format(options);
    ASSERT_TRUE(format.ok()) << format.status().message();
    std::vector<std::string> payloads;
    for (const json& bytes : one["bytes"]) payloads.push_back(framed(1, from_hex(bytes)));
    const Decoded decoded = decode_cast(**format, payloads);
    ASSERT_TRUE(decoded.status.ok()) << decoded.status.message();
    if (one.contains("rejected")) {
      ASSERT_THAT(decoded.rejections, SizeIs(payloads.size()));
      EXPECT_EQ(decoded.rejections[0].reason, one["rejected"].get<std::string>());
    } else {
      EXPECT_THAT(decoded.rejections, IsEmpty()) << decoded.rejections[0].reason;
      EXPECT_EQ(decoded.rows, one["rows"].get<std::vector<std::vector<std::string>>>());
    }
  }
}

TEST(AvroFormat, RefusesEveryTruncationOfARecord) {
  const json cases =
      json::parse(std::ifstream(LAKEWARD_SOURCE_DIR "/tests/format/avro_cases.json"));
  size_t tried = 0;
  for (const json& one : cases) {
    if (one.contains("rejected") || one.contains("reader")) continue;
    const auto format = unframed(one["writer"].dump());
    const std::string whole = from_hex(one["bytes"][0]);
    std::vector<std::string> payloads;
    for (size_t size = 0; size < whole.size(); ++size) payloads.push_back(whole.substr(0, size));
    payloads.push_back(whole + '\0');
    const Decoded decoded = decode_all(*format, payloads, "SELECT count(*)::VARCHAR FROM input");
    EXPECT_THAT(decoded.rejections, SizeIs(payloads.size())) << one["name"];
    for (const Rejection& rejection : decoded.rejections) {
      EXPECT_THAT(rejection.reason, HasSubstr("malformed Avro: ")) << one["name"];
    }
    tried += payloads.size();
  }
  EXPECT_GT(tried, 100u);
}

struct Malformed {
  const char* schema;  // of the field
  std::string bytes;
  const char* reason;
};

TEST(AvroFormat, SaysWhereARecordIsMalformed) {
  const std::string forever(11, '\xFF');
  const Malformed cases[] = {
      {R"("boolean")", "\x02", "a boolean that is neither 0 nor 1 at byte 0"},
      {R"("long")", forever, "a number of more than 64 bits at byte 10"},
      {R"("int")", Bytes().number(1LL << 31), "an int of more than 32 bits at byte 0"},
      {R"("string")", Bytes().number(5).raw("abcd"),
       "a length that goes beyond the record's end at byte 1"},
      {R"("string")", Bytes().number(-1).raw("abcd"),
       "a length that goes beyond the record's end at byte 1"},
      {R"("bytes")", Bytes().number(1LL << 62), "a length that goes beyond the record's end"},
      {R"("double")", "1234567", "at byte"},
      {R"(["null","int"])", Bytes().number(2), "a union has no such branch at byte 0"},
      {R"(["null","int"])", Bytes().number(-1), "a union has no such branch at byte 0"},
      {R"(["int","string","null"])", Bytes().number(3), "a union has no such branch at byte 0"},
      {R"({"type":"enum","name":"E","symbols":["A"]})", Bytes().number(1),
       "an enum has no such symbol at byte 0"},
      {R"({"type":"enum","name":"E","symbols":["A"]})", Bytes().number(-1),
       "an enum has no such symbol at byte 0"},
      {R"({"type":"array","items":"int"})", Bytes().number(1LL << 40),
       "more items than the record has room for"},
      {R"({"type":"array","items":"null"})", Bytes().number(1LL << 40),
       "more items than the record has room for"},
      {R"({"type":"array","items":"int"})", Bytes().number(-1).number(-5),
       "a block's size that goes beyond the record's end"},
      {R"({"type":"array","items":"int"})", Bytes().number(-1).number(50).number(1).number(0),
       "a block's size that goes beyond the record's end"},
      {R"({"type":"array","items":"int"})",
       Bytes().number(std::numeric_limits<int64_t>::min()).number(0),
       "more items than the record has room for"},
      {R"({"type":"map","values":"int"})", Bytes().number(1).text("k").number(1),
       "the record ends in a value"},
  };
  for (const auto& [schema, bytes, reason] : cases) {
    const std::string text = R"({"type":"record","name":"R","fields":[{"name":"v","type":)" +
                             std::string(schema) + "}]}";
    const std::string unused = R"({"type":"record","name":"R","fields":[{"name":"v","type":)" +
                               std::string(schema) +
                               R"(},{"name":"other","type":["null","int"]}]})";
    for (const auto& format : {unframed(text), unframed(unused, {{"other", "INTEGER"}})}) {
      const Decoded decoded = decode_all(*format, {bytes}, "SELECT count(*)::VARCHAR FROM input");
      ASSERT_THAT(decoded.rejections, SizeIs(1)) << schema;
      EXPECT_THAT(decoded.rejections[0].reason, HasSubstr(reason)) << schema;
    }
  }
}

TEST(AvroFormat, RefusesValuesThatAreNestedTooDeeply) {
  const auto format =
      unframed(R"({"type":"record","name":"L","fields":[{"name":"next","type":["null","L"]}]})");
  std::string deep(1'000'000, '\x02');
  const Decoded decoded = decode_all(*format, {std::string(50, '\x02') + '\0', deep + '\0'});
  EXPECT_THAT(decoded.rows, SizeIs(1));
  ASSERT_THAT(decoded.rejections, SizeIs(1));
  EXPECT_THAT(decoded.rejections[0].reason, HasSubstr("nested too deeply"));
}

TEST(AvroFormat, ReadsBlocksWithAndWithoutTheirSize) {
  const std::string schema =
      R"({"type":"record","name":"R","fields":[{"name":"skipped","type":{"type":"array","items":"int"}},
          {"name":"v","type":{"type":"array","items":"int"}}]})";
  const auto format = unframed(schema, {{"v", "INTEGER[]"}});
  const std::string list =
      Bytes().number(2).number(1).number(2).number(-1).number(1).number(3).number(0);
  const Decoded decoded = decode_cast(*format, {list + list});
  EXPECT_THAT(decoded.rejections, IsEmpty());
  EXPECT_THAT(decoded.rows, ElementsAre(ElementsAre("[1, 2, 3]")));
}

TEST(AvroFormat, RefusesTextThatIsNotUtf8WhereverItWouldBeShown) {
  const std::string schema =
      R"({"type":"record","name":"R","fields":[{"name":"s","type":"string"},
          {"name":"m","type":{"type":"map","values":"string"}}]})";
  const auto format = unframed(schema);
  const std::string long_text = std::string(40, 'x') + "\xC3";
  const Decoded decoded = decode_all(
      *format,
      {Bytes().text("\xFF").number(0), Bytes().text(long_text).number(0),
       Bytes().text("x").number(1).text("\xFF").text("x").number(0),
       Bytes().text("x").number(1).text("x").text("\xFF").number(0),
       Bytes().text("Bj\xC3\xB6rn").number(1).text("\xC3\xB6").text("\xC3\xB6").number(0)});
  EXPECT_THAT(decoded.rows, ElementsAre(ElementsAre("Björn", R"({"ö":"ö"})")));
  ASSERT_THAT(decoded.rejections, SizeIs(4));
  EXPECT_EQ(decoded.rejections[0].reason, "'s': not UTF-8");
  EXPECT_EQ(decoded.rejections[1].reason, "'s': not UTF-8");
  EXPECT_EQ(decoded.rejections[2].reason, "'m': a map's key is not UTF-8");
  EXPECT_EQ(decoded.rejections[3].reason, "'m': not UTF-8");
}

TEST(AvroFormat, RejectsTheSameRecordsWhateverColumnsTheQueryUses) {
  const auto format = unframed(kPair);
  const std::vector<std::string> payloads = {Bytes().number(1).text("one"), Bytes().number(1),
                                             Bytes().number(2).text("\xFF")};
  for (const char* select : {"SELECT count(*)::VARCHAR FROM input", "SELECT a::VARCHAR FROM input",
                             "SELECT s FROM input"}) {
    EXPECT_THAT(decode_all(*format, payloads, select).rejections, SizeIs(2)) << select;
  }
}

TEST(AvroFormat, MakesAMalformedRecordARowOfNullsOrFailsWhenAsked) {
  const std::vector<std::string> payloads = {Bytes().number(1).text("one"), "\x02"};
  EXPECT_THAT(decode_all(*unframed(kPair, {}, OnMalformed::kNull), payloads).rows,
              ElementsAre(ElementsAre("1", "one"), ElementsAre("NULL", "NULL")));
  const Decoded failed = decode_all(*unframed(kPair, {}, OnMalformed::kFail), payloads);
  EXPECT_EQ(failed.status.code(), StatusCode::kExpectationFailed);
  EXPECT_THAT(failed.status.message(), HasSubstr("the record ends in a value"));
}

TEST(AvroFormat, LeavesNothingOfARejectedRecordInTheNextRow) {
  const auto format = unframed(
      R"({"type":"record","name":"R","fields":[{"name":"a","type":["null","int"]},{"name":"s","type":"string"}]})");
  const Decoded decoded =
      decode_all(*format, {Bytes().number(0), Bytes().number(1).number(7).text("x")});
  EXPECT_THAT(decoded.rows, ElementsAre(ElementsAre("7", "x")));
  EXPECT_THAT(decoded.row_records, ElementsAre(1));
}

class FramedAvro : public ::testing::Test {
 protected:
  FramedAvro() { source->schemas[1] = {"AVRO", kPair, {}}; }
  std::unique_ptr<Format> format(engine::Schema columns = {{"a", "INTEGER"}, {"s", "VARCHAR"}}) {
    AvroOptions options;
    options.source = source;
    options.columns = std::move(columns);
    options.clock = &clock;
    return std::move(make_avro_format(options)).value();
  }
  const std::string one = framed(1, Bytes().number(1).text("one"));
  std::shared_ptr<MemorySource> source = std::make_shared<MemorySource>();
  ManualClock clock{Timestamp{0}};
};

TEST_F(FramedAvro, AsksForEachSchemaOnce) {
  source->schemas[70'000] = {
      "AVRO", R"({"type":"record","name":"R","fields":[{"name":"s","type":"string"}]})", {}};
  const auto own = format();
  std::vector<std::string> payloads;
  for (int i = 0; i < 5'000; ++i) {
    payloads.push_back(i % 2 == 0 ? one : framed(70'000, Bytes().text("two")));
  }
  const char* select =
      "SELECT s, count(*)::VARCHAR, count(a)::VARCHAR FROM input GROUP BY s ORDER BY s";
  for (int round = 0; round < 2; ++round) {
    EXPECT_THAT(decode_all(*own, payloads, select).rows,
                ElementsAre(ElementsAre("one", "2500", "2500"), ElementsAre("two", "2500", "0")));
  }
  EXPECT_EQ(source->asked, (std::map<uint32_t, int>{{1, 1}, {70'000, 1}}));
}

TEST_F(FramedAvro, RejectsWhatIsNotFramedOrOfASchemaThatIsNone) {
  source->schemas[2] = {"JSON", "{}", {}};
  source->schemas[3] = {"AVRO", R"({"type":"record"})", {}};
  source->schemas[4] = {"AVRO", R"("string")", {}};
  const Decoded decoded = decode_all(*format(), {"", "{}", std::string(4, '\0'), framed(2, "{}"),
                                                 framed(3, ""), framed(4, ""), one});
  EXPECT_THAT(decoded.rows, SizeIs(1));
  std::vector<std::string> reasons;
  for (const Rejection& rejection : decoded.rejections) reasons.push_back(rejection.reason);
  EXPECT_THAT(
      reasons,
      ElementsAre("the record is empty",
                  "the record does not begin with a zero byte and a schema's id",
                  "the record ends in its schema's id", "schema 2 is not an Avro schema but JSON",
                  "schema 3 cannot be read: the Avro schema: a record without a name",
                  "schema 4 cannot be read: the writer's schema is no record, but of type string"));
}

TEST_F(FramedAvro, RejectsRecordsOfAnUnknownSchemaUntilItIsThere) {
  const auto own = format();
  const std::vector<std::string> payloads(100, framed(9, Bytes().number(9).text("nine")));
  const Decoded before = decode_all(*own, payloads);
  EXPECT_THAT(before.rejections, SizeIs(100));
  EXPECT_EQ(before.rejections[0].reason, "schema 9 is not known to the test's registry");
  source->schemas[9] = {"AVRO", kPair, {}};
  EXPECT_THAT(decode_all(*own, payloads).rejections, SizeIs(100));
  EXPECT_EQ(source->asked[9], 1);
  clock.advance(std::chrono::minutes(2));
  EXPECT_THAT(decode_all(*own, payloads).rejections, SizeIs(100));  // an epoch may last
  EXPECT_EQ(own->refused_schemas(), RefusedSchemas{9});
  own->begin_epoch(std::nullopt);
  EXPECT_EQ(own->refused_schemas(), RefusedSchemas{});
  EXPECT_THAT(decode_all(*own, payloads).rows, SizeIs(100));
  EXPECT_EQ(source->asked[9], 2);
}

TEST_F(FramedAvro, FailsAsAWholeWhileTheRegistryIsAway) {
  const auto own = format();
  source->away = true;
  const Decoded away = decode_all(*own, {one, one});
  EXPECT_EQ(away.status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(away.status.message(), AllOf(HasSubstr("schema 1"), HasSubstr("is away")));
  source->away = false;
  EXPECT_THAT(decode_all(*own, {one, one}).rows, SizeIs(2));
}

TEST_F(FramedAvro, SkipsTombstonesWhenAsked) {
  AvroOptions options;
  options.source = source;
  options.columns = {{"a", "INTEGER"}};
  options.skip_tombstones = true;
  const auto own = std::move(make_avro_format(options)).value();
  const Decoded decoded = decode_all(*own, {kTombstone, one, kTombstone, "x", ""});
  EXPECT_THAT(decoded.rows, SizeIs(1));
  EXPECT_THAT(decoded.row_records, ElementsAre(1));
  EXPECT_THAT(decoded.rejections, SizeIs(2)) << "an empty value is no tombstone";
}

TEST_F(FramedAvro, ReadsSchemasThatReferToOthers) {
  source->schemas[5] = {
      "AVRO",
      R"({"type":"record","name":"R","fields":[{"name":"a","type":"n.Inner"}]})",
      {R"({"type":"enum","name":"Deep","namespace":"n","symbols":["X"]})",
       R"({"type":"record","name":"Inner","namespace":"n","fields":[{"name":"e","type":"Deep"}]})"}};
  const auto own = format({{"a", "STRUCT(e VARCHAR)"}});
  EXPECT_THAT(decode_cast(*own, {framed(5, Bytes().number(0))}).rows,
              ElementsAre(ElementsAre("{'e': X}")));
}

TEST(AvroFormat, SaysWhatIsWrongWithItsOptions) {
  struct Wrong {
    std::optional<std::string> writer, reader;
    engine::Schema columns;
    const char* message;
  };
  const std::string other = R"({"type":"record","name":"R","fields":[{"name":"b","type":"int"}]})";
  const Wrong cases[] = {
      {{}, kPair, {}, "Avro needs either a schema registry or the writer's schema"},
      {"{", {}, {}, "the Avro schema is not JSON: {"},
      {R"("int")", {}, {}, "the Avro schema is no record, but of type int: it has no columns"},
      {kPair, {}, {{"A", "INTEGER"}}, "the Avro schema has no field 'A'; did you mean 'a'?"},
      {kPair,
       {},
       {{"s", "INTEGER"}},
       "column 's': the writer's string cannot be read as an INTEGER"},
      {kPair, other, {}, "has no field 'b', and the reader's has no default for it"},
      {R"({"type":"record","name":"R","fields":[{"name":"a","type":"Unknown"}]})",
       {},
       {},
       "'R.a': unknown type 'Unknown'"},
      {R"({"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]})",
       {},
       {},
       "the field 'R.a' is there twice"},
      {R"({"type":"record","name":"R","fields":[{"name":"a","type":[["int"]]}]})",
       {},
       {},
       "a union directly in a union"},
  };
  for (const Wrong& wrong : cases) {
    AvroOptions options;
    options.writer_schema = wrong.writer;
    options.reader_schema = wrong.reader;
    options.columns = wrong.columns;
    const auto format = make_avro_format(options);
    ASSERT_FALSE(format.ok()) << wrong.message;
    EXPECT_EQ(format.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(format.status().message(), HasSubstr(wrong.message));
  }
}

}  // namespace
}  // namespace lakeward::format
