#include "format/avro_encoding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/database.h"
#include "engine/session.h"
#include "format/avro_format.h"
#include "format/decoding.h"
#include "format/memory_registrar.h"

namespace lakeward::format {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class AvroEncoding : public ::testing::Test {
 protected:
  struct Encoded {
    std::vector<engine::TypedColumn> types;
    std::vector<std::string> payloads;
  };

  Result<Encoded> encode(const AvroEncodingOptions& options, const std::string& sql) {
    ASSIGN_OR_RETURN(const auto result, session->stream(sql));
    Encoded encoded;
    encoded.types = result->types();
    ASSIGN_OR_RETURN(const auto encoder, make_avro_encoding(options)->make_encoder(encoded.types));
    Payloads payloads;
    while (true) {
      ASSIGN_OR_RETURN(const auto chunk, result->next());
      if (!chunk) return encoded;
      std::vector<engine::VectorView> columns;
      for (size_t i = 0; i < result->schema().size(); ++i) columns.push_back(chunk->column(i));
      RETURN_IF_ERROR(encoder->encode(columns, chunk->rows(), payloads));
      for (size_t row = 0; row < payloads.size(); ++row) {
        encoded.payloads.emplace_back(payloads.is_null(row) ? "<null>" : payloads[row]);
      }
    }
  }

  std::unique_ptr<engine::Database> database = [] {
    engine::DatabaseOptions options;
    options.memory_bytes = 256 << 20;
    options.threads = 1;
    return engine::Database::open(options).value();
  }();
  std::unique_ptr<engine::Session> session = database->make_session().value();
};

// What is written is read again as the same: value, and its text as the column that it becomes.
TEST_F(AvroEncoding, IsReadAgainAsItWas) {
  const std::pair<const char*, const char*> values[] = {
      {"true", "true"},
      {"(-128)::TINYINT", "-128"},
      {"(-32768)::SMALLINT", "-32768"},
      {"(-2147483648)::INTEGER", "-2147483648"},
      {"(-9223372036854775808)::BIGINT", "-9223372036854775808"},
      {"255::UTINYINT", "255"},
      {"65535::USMALLINT", "65535"},
      {"4294967295::UINTEGER", "4294967295"},
      {"18446744073709551615::UBIGINT", "18446744073709551615"},
      {"(-170141183460469231731687303715884105728)::HUGEINT",
       "-170141183460469231731687303715884105728"},
      {"0.1::FLOAT", "0.1"},
      {"-1e300::DOUBLE", "-1e+300"},
      {"12.34::DECIMAL(4,2)", "12.34"},
      {"-0.01::DECIMAL(9,2)", "-0.01"},
      {"-1.28::DECIMAL(18,2)", "-1.28"},
      {"2.55::DECIMAL(18,2)", "2.55"},
      {"-12345678901234567890123456789.123456789::DECIMAL(38,9)",
       "-12345678901234567890123456789.123456789"},
      {"'Grüße'", "Grüße"},
      {"''", ""},
      {"'\\x00\\xFF'::BLOB", "\\x00\\xFF"},
      {"'6f1e8a3e-6f0e-4a57-8d3a-0d1f1d9d1c11'::UUID", "6f1e8a3e-6f0e-4a57-8d3a-0d1f1d9d1c11"},
      {"'f0000000-0000-0000-8000-000000000001'::UUID", "f0000000-0000-0000-8000-000000000001"},
      {"DATE '1969-12-31'", "1969-12-31"},
      {"TIME '12:34:56.789012'", "12:34:56.789012"},
      {"TIMESTAMP '1969-12-31 23:59:59.999999'", "1969-12-31 23:59:59.999999"},
      {"TIMESTAMPTZ '2025-03-09 12:34:56+02'", "2025-03-09 10:34:56+00"},
      {"TIMESTAMP_S '2025-03-09 12:34:56'", "2025-03-09 12:34:56"},
      {"TIMESTAMP_MS '2025-03-09 12:34:56.789'", "2025-03-09 12:34:56.789"},
      {"TIMESTAMP_NS '2025-03-09 12:34:56.789012345'", "2025-03-09 12:34:56.789012"},
      {"'b'::ENUM('a', 'b')", "b"},
      {"'{\"k\":1}'::JSON", "{\"k\":1}"},
      {"[1, NULL, 3]", "[1,null,3]"},
      {"[[], [1]]", "[[],[1]]"},
      {"[1, 2]::INTEGER[2]", "[1,2]"},
      {"{'a': 1, 'b': {'c': 'x'}}", R"({"a":1,"b":{"c":"x"}})"},
      {"MAP {'k': 1, 'l': NULL}", R"({"k":1,"l":null})"},
      {"[{'a': DATE '2025-03-09'}]", R"([{"a":"2025-03-09"}])"},
  };
  for (const auto& [sql, text] : values) {
    SCOPED_TRACE(sql);
    AvroEncodingOptions options;
    options.topic = "t";
    const auto encoded = encode(options, std::string("SELECT * FROM (VALUES (") + sql +
                                             "), (NULL), (" + sql + ")) AS x(v)");
    ASSERT_TRUE(encoded.ok()) << encoded.status().message();
    AvroOptions reading;
    reading.writer_schema = avro_schema(encoded->types, "R").value();
    const auto format = make_avro_format(reading);
    ASSERT_TRUE(format.ok()) << format.status().message();
    const Decoded decoded = decode_all(**format, encoded->payloads);
    EXPECT_THAT(decoded.rejections, SizeIs(0)) << decoded.rejections[0].reason;
    EXPECT_THAT(decoded.rows,
                ElementsAre(ElementsAre(text), ElementsAre("NULL"), ElementsAre(text)));
  }
}

TEST_F(AvroEncoding, SaysWhichColumnsHaveNoEqual) {
  const std::pair<const char*, const char*> cases[] = {
      {"SELECT 1 AS \"a b\"", "the column 'a b' has no name that Avro allows"},
      {"SELECT INTERVAL 1 DAY AS v", "column 'v': its type has no equal in Avro"},
      {"SELECT MAP {1: 2} AS v", "column 'v': the keys of a map are text in Avro"},
      {"SELECT {'x y': 1} AS v", "column 'v': the column 'x y' has no name that Avro allows"},
  };
  AvroEncodingOptions options;
  options.topic = "t";
  for (const auto& [sql, message] : cases) {
    const auto encoded = encode(options, sql);
    EXPECT_EQ(encoded.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(encoded.status().message(), HasSubstr(message));
  }
}

// Written by a schema of the user's, and read again by the same.
TEST_F(AvroEncoding, WritesByTheSchemaThatIsGiven) {
  AvroEncodingOptions options;
  options.schema = R"({"type": "record", "name": "Order", "namespace": "shop", "fields": [
      {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
      {"name": "id", "type": "long"},
      {"name": "note", "type": ["string", "null"]},
      {"name": "source", "type": ["null", "string"], "default": null},
      {"name": "pieces", "type": "int", "default": 7},
      {"name": "ratio", "type": "double"},
      {"name": "amount", "type": {"type": "bytes", "logicalType": "decimal", "precision": 12,
                                  "scale": 2}},
      {"name": "tags", "type": {"type": "array", "items": "string"}},
      {"name": "place", "type": {"type": "record", "name": "Place", "fields": [
          {"name": "zip", "type": "int"}, {"name": "city", "type": ["null", "string"]}]}},
      {"name": "counts", "type": {"type": "map", "values": "long"}}]})";
  const auto encoded = encode(
      options,
      "SELECT 3::INTEGER AS id, TIMESTAMPTZ '1969-12-31 23:59:59.9985Z' AS at, NULL::VARCHAR AS "
      "note, 0.5::FLOAT AS ratio, -1.50::DECIMAL(9,2) AS amount, ['a', 'b'] AS tags, {'city': 'x', "
      "'zip': 12::INTEGER} AS place, MAP {'k': 5::BIGINT} AS counts");
  ASSERT_TRUE(encoded.ok()) << encoded.status().message();
  AvroOptions reading;
  reading.writer_schema = options.schema;
  const auto format = make_avro_format(reading);
  const Decoded decoded = decode_all(**format, encoded->payloads);
  EXPECT_THAT(decoded.rejections, SizeIs(0)) << decoded.rejections[0].reason;
  EXPECT_THAT(decoded.rows, ElementsAre(ElementsAre("1969-12-31 23:59:59.998+00", "3", "NULL",
                                                    "NULL", "7", "0.5", "-1.50", R"(["a","b"])",
                                                    R"({"zip":12,"city":"x"})", R"({"k":5})")));
}

TEST_F(AvroEncoding, SaysWhatDoesNotFitTheSchema) {
  AvroEncodingOptions options;
  options.schema = R"({"type": "record", "name": "R", "fields": [
      {"name": "id", "type": "int"},
      {"name": "list", "type": ["null", {"type": "array", "items": "string"}], "default": null}]})";
  const std::pair<const char*, const char*> cases[] = {
      {"SELECT 1 AS idd", "no column is the schema's field 'id', which has no default"},
      {"SELECT 1 AS id, 2 AS lists",
       "the schema has no field for the column 'lists'; did you mean 'list'?"},
      {"SELECT 1::BIGINT AS id", "the column 'id' cannot be written as the schema's int"},
      {"SELECT 'x' AS id", "the column 'id' cannot be written as the schema's int"},
      {"SELECT 1 AS id, [1] AS list", "the column 'list' cannot be written as the schema's string"},
      {"SELECT NULL::INTEGER AS id", "the column 'id' is NULL in a row, and the schema's field"},
      {"SELECT 1 AS id, ['a', NULL] AS list", "the column 'list' is NULL in a row"},
  };
  for (const auto& [sql, message] : cases) {
    const auto encoded = encode(options, sql);
    EXPECT_EQ(encoded.status().code(), StatusCode::kInvalidArgument) << sql;
    EXPECT_THAT(encoded.status().message(), HasSubstr(message));
  }
  EXPECT_THAT(check_avro_record(R"(["null", "int"])").message(), HasSubstr("it is no record"));
  EXPECT_TRUE(check_avro_record(options.schema).ok());
}

TEST_F(AvroEncoding, RefusesNamesOfRecordsThatAvroDoesNotAllow) {
  for (const char* name : {"", "1a", "a b", "shop.", ".Order", "shop..Order", "my-shop.Order"}) {
    EXPECT_THAT(avro_schema({}, name).status().message(),
                HasSubstr("is no name for an Avro record"))
        << name;
  }
  EXPECT_THAT(avro_schema({}, "eu.shop_1.Order").value(),
              HasSubstr(R"("name":"Order","namespace":"eu.shop_1")"));
}

TEST_F(AvroEncoding, ChecksColumnsWithoutAskingTheRegistry) {
  const auto registrar = std::make_shared<MemoryRegistrar>();
  AvroEncodingOptions options;
  options.topic = "t";
  options.registrar = registrar;
  const auto encoding = make_avro_encoding(options);
  const auto sound = session->stream("SELECT 1 AS a").value()->types();
  EXPECT_TRUE(encoding->check(sound).ok());
  const auto odd = session->stream("SELECT 1 AS \"a b\"").value()->types();
  EXPECT_EQ(encoding->check(odd).code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(registrar->schemas, SizeIs(0));
}

TEST_F(AvroEncoding, RegistersItsSchemaByTheStrategy) {
  struct Case {
    SubjectStrategy strategy;
    std::string record;
    bool is_key;
    const char* subject;
    const char* given = "";
  };
  const Case cases[] = {
      {SubjectStrategy::kTopicName, "", false, "my-topic-value"},
      {SubjectStrategy::kTopicName, "", true, "my-topic-key"},
      {SubjectStrategy::kRecordName, "shop.Order", false, "shop.Order"},
      {SubjectStrategy::kTopicRecordName, "shop.Order", false, "my-topic-shop.Order"},
      {SubjectStrategy::kRecordName, "", false, "my_topic"},
      {SubjectStrategy::kRecordName, "shop.Order", false, "orders", "orders"},
  };
  for (const Case& one : cases) {
    const auto registrar = std::make_shared<MemoryRegistrar>();
    AvroEncodingOptions options;
    options.topic = "my-topic";
    options.record_name = one.record;
    options.is_key = one.is_key;
    options.strategy = one.strategy;
    options.subject = one.given;
    options.registrar = registrar;
    const auto encoded = encode(options, "SELECT 7 AS a");
    ASSERT_TRUE(encoded.ok()) << encoded.status().message();
    EXPECT_THAT(registrar->schemas, ElementsAre(testing::Key(one.subject)));
    const std::string header("\0\0\1\x11\x70", 5);
    EXPECT_THAT(encoded->payloads, ElementsAre(header + (one.is_key ? "\x0e" : "\2\x0e")));
  }
}

struct WrittenKey {
  const char* sql;
  bool is_bare;
  const char* given;  // schema
  const char* schema;
  std::string payload;  // of the first row
};

TEST_F(AvroEncoding, WritesKeysOfOneValueOrOfSeveral) {
  const char* id_record = R"({"type":"record","name":"K","fields":[{"name":"id","type":"long"}]})";
  const WrittenKey cases[] = {
      {"7::BIGINT AS id", true, "", R"("long")", "\x0e"},
      {"'a' AS id", true, "", R"("string")", "\2a"},
      {"7 AS \"odd name\"", true, "", R"("int")", "\x0e"},
      {"DATE '1970-01-02' AS id", true, "", R"({"type":"int","logicalType":"date"})", "\2"},
      {"{'id': 7, 'of': 'a'} AS id", true, "",
       R"({"type":"record","name":"t_key","fields":[{"name":"id","type":"int"},{"name":"of","type":"string"}]})",
       "\x0e\2a"},
      {"7 AS id, 'a' AS of", false, "",
       R"({"type":"record","name":"t_key","fields":[{"name":"id","type":"int"},{"name":"of","type":"string"}]})",
       "\x0e\2a"},
      {"7 AS id", false, "",
       R"({"type":"record","name":"t_key","fields":[{"name":"id","type":"int"}]})", "\x0e"},
      {"7 AS id", true, R"("long")", R"("long")", "\x0e"},
      {"7::BIGINT AS id", true, R"(["null", "long"])", R"(["null", "long"])", "\2\x0e"},
      {"7::BIGINT AS id", true, id_record, id_record, "\x0e"},
      {"7::BIGINT AS id", false, id_record, id_record, "\x0e"},
      {"{'id': 7::BIGINT} AS k", true, id_record, id_record, "\x0e"},
  };
  for (const WrittenKey& one : cases) {
    SCOPED_TRACE(one.sql);
    const auto registrar = std::make_shared<MemoryRegistrar>();
    AvroEncodingOptions options;
    options.topic = "t";
    options.is_key = true;
    options.is_bare = one.is_bare;
    options.schema = one.given;
    options.registrar = registrar;
    // The same row, and one of nothing but NULL.
    const auto encoded = encode(options, std::string("SELECT k.* FROM (SELECT ") + one.sql +
                                             ") AS k RIGHT JOIN range(2) AS r(i) ON i = 0 "
                                             "ORDER BY i");
    ASSERT_TRUE(encoded.ok()) << encoded.status().message();
    EXPECT_THAT(registrar->schemas, ElementsAre(testing::Pair("t-key", one.schema)));
    EXPECT_THAT(encoded->payloads,
                ElementsAre(std::string("\0\0\1\x11\x70", 5) + one.payload, "<null>"));
  }
}

TEST_F(AvroEncoding, SaysWhichKeysCannotBe) {
  AvroEncodingOptions options;
  options.topic = "t";
  options.is_key = true;
  const auto partly = encode(options, "SELECT 1 AS a, NULL::VARCHAR AS b");
  EXPECT_THAT(partly.status().message(), HasSubstr("the column 'b' is NULL in a row"));
  options.is_bare = true;
  EXPECT_THAT(encode(options, "SELECT INTERVAL 1 DAY AS v").status().message(),
              HasSubstr("column 'v': its type has no equal in Avro"));
  options.strategy = SubjectStrategy::kRecordName;
  const auto types = session->stream("SELECT 1 AS a").value()->types();
  EXPECT_THAT(make_avro_encoding(options)->check(types).message(),
              HasSubstr("leave it at topic_name, say 'subject', or write a record"));
}

TEST_F(AvroEncoding, RegistersNothingUnlessItMay) {
  const auto registrar = std::make_shared<MemoryRegistrar>();
  AvroEncodingOptions options;
  options.topic = "t";
  options.auto_register = false;
  options.registrar = registrar;
  const auto refused = encode(options, "SELECT 1 AS a");
  EXPECT_EQ(refused.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(refused.status().message(),
              HasSubstr("the subject 't-value' does not have the schema of these columns (no such "
                        "subject); register it, or allow it: auto_register: true"));
  registrar->schemas["t-value"] = "";
  EXPECT_TRUE(encode(options, "SELECT 1 AS a").ok());
  EXPECT_EQ(
      registrar->schemas["t-value"],
      R"({"type":"record","name":"t","fields":[{"name":"a","type":["null","int"],"default":null}]})");
}

}  // namespace
}  // namespace lakeward::format
