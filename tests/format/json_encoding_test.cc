#include "format/json_encoding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/database.h"
#include "engine/session.h"
#include "format/json_schema.h"
#include "format/memory_registrar.h"

namespace lakeward::format {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

const std::string kHeader("\0\0\1\x11\x70", 5);

class JsonSchemaEncoding : public ::testing::Test {
 protected:
  JsonSchemaEncoding() {
    options.topic = "t";
    options.has_schema = true;
    options.registrar = registrar;
  }

  // The payloads of a query's rows; a null one is "<null>".
  Result<std::vector<std::string>> encode(const std::string& sql) {
    ASSIGN_OR_RETURN(const auto result, session->stream(sql));
    ASSIGN_OR_RETURN(const auto encoder,
                     make_json_encoding(options)->make_encoder(result->types()));
    std::vector<std::string> texts;
    Payloads payloads;
    while (true) {
      ASSIGN_OR_RETURN(const auto chunk, result->next());
      if (!chunk) return texts;
      std::vector<engine::VectorView> columns;
      for (size_t i = 0; i < result->schema().size(); ++i) columns.push_back(chunk->column(i));
      RETURN_IF_ERROR(encoder->encode(columns, chunk->rows(), payloads));
      for (size_t row = 0; row < payloads.size(); ++row) {
        texts.push_back(payloads.is_null(row) ? "<null>" : std::string(payloads[row]));
      }
    }
  }
  std::vector<engine::TypedColumn> types_of(const std::string& sql) {
    return session->stream(sql).value()->types();
  }

  JsonEncodingOptions options;
  std::shared_ptr<MemoryRegistrar> registrar = std::make_shared<MemoryRegistrar>();
  std::unique_ptr<engine::Database> database = [] {
    engine::DatabaseOptions settings;
    settings.memory_bytes = 256 << 20;
    settings.threads = 1;
    return engine::Database::open(settings).value();
  }();
  std::unique_ptr<engine::Session> session = database->make_session().value();
};

std::string number(int precision, int scale) {
  return R"({"type":"number","title":"org.apache.kafka.connect.data.Decimal","connect.type":"bytes",)"
         R"("connect.version":1,"connect.parameters":{"scale":")" +
         std::to_string(scale) + R"(","connect.decimal.precision":")" + std::to_string(precision) +
         "\"}}";
}

TEST_F(JsonSchemaEncoding, SaysTheTypesOfColumnsAsConnectDoes) {
  const std::string text = R"({"type":"string"})";
  const std::pair<std::string, std::string> cases[] = {
      {"BOOLEAN", R"({"type":"boolean"})"},
      {"TINYINT", R"({"type":"integer","connect.type":"int8"})"},
      {"UTINYINT", R"({"type":"integer","connect.type":"int16"})"},
      {"SMALLINT", R"({"type":"integer","connect.type":"int16"})"},
      {"USMALLINT", R"({"type":"integer","connect.type":"int32"})"},
      {"INTEGER", R"({"type":"integer","connect.type":"int32"})"},
      {"UINTEGER", R"({"type":"integer","connect.type":"int64"})"},
      {"BIGINT", R"({"type":"integer","connect.type":"int64"})"},
      {"UBIGINT", number(20, 0)},
      {"HUGEINT", number(39, 0)},
      {"DECIMAL(12,2)", number(12, 2)},
      {"FLOAT", R"({"type":"number","connect.type":"float32"})"},
      {"DOUBLE", R"({"type":"number","connect.type":"float64"})"},
      {"VARCHAR", text},
      {"ENUM('a','b')", text},
      {"INTERVAL", text},
      {"TIME", text},
      {"TIMESTAMP", text},
      {"TIMESTAMP_NS", text},
      {"DATE", R"({"type":"string","format":"date"})"},
      {"TIMESTAMPTZ", R"({"type":"string","format":"date-time"})"},
      {"UUID", R"({"type":"string","format":"uuid"})"},
      {"BLOB", R"({"type":"string","connect.type":"bytes","contentEncoding":"base64"})"},
      {"VARCHAR[]", R"({"type":"array","items":{"oneOf":[{"type":"null"},{"type":"string"}]}})"},
      {"JSON[]", R"({"type":"array","items":{}})"},
      {"MAP(VARCHAR, BOOLEAN)",
       R"({"type":"object","connect.type":"map","additionalProperties":{"oneOf":[{"type":"null"},{"type":"boolean"}]}})"},
      {"STRUCT(a BOOLEAN, b VARCHAR)",
       R"({"type":"object","properties":{"a":{"oneOf":[{"type":"null"},{"type":"boolean"}],"connect.index":0},)"
       R"("b":{"oneOf":[{"type":"null"},{"type":"string"}],"connect.index":1}},"additionalProperties":false})"},
  };
  for (const auto& [type, schema] : cases) {
    const auto columns = types_of("SELECT NULL::" + type + " AS v");
    EXPECT_EQ(json_schema(columns, "shop.Order", false),
              R"({"$schema":"http://json-schema.org/draft-07/schema#","title":"shop.Order",)"
              R"("type":"object","properties":{"v":{"oneOf":[{"type":"null"},)" +
                  schema + R"(],"connect.index":0}},"additionalProperties":false})")
        << type;
  }
  // Null is in it already: `oneOf` must not match it twice.
  EXPECT_THAT(json_schema(types_of("SELECT '1'::JSON AS a, true AS b"), "", false),
              HasSubstr(R"("properties":{"a":{"connect.index":0},"b":{"oneOf":)"));
  EXPECT_THAT(
      json_schema(types_of("SELECT 'x' AS a, true AS b"), "", true),
      HasSubstr(R"("properties":{"a":{"type":"string","connect.index":0},"b":{"type":"boolean",)"
                R"("connect.index":1}},"required":["a","b"],"additionalProperties":false)"));
}

TEST_F(JsonSchemaEncoding, RegistersTheSchemaAndFramesTheObjects) {
  const auto texts = encode("SELECT range AS id, NULL::VARCHAR AS note FROM range(2)");
  ASSERT_TRUE(texts.ok()) << texts.status().message();
  EXPECT_THAT(*texts, ElementsAre(kHeader + R"({"id":0,"note":null})",
                                  kHeader + R"({"id":1,"note":null})"));
  EXPECT_THAT(registrar->types, ElementsAre(Pair("t-value", "JSON")));
  EXPECT_THAT(registrar->schemas["t-value"], HasSubstr(R"("title":"t","type":"object")"));
  options.strategy = SubjectStrategy::kTopicRecordName;
  options.record_name = "shop.Order";
  ASSERT_TRUE(encode("SELECT 1 AS id").ok());
  EXPECT_TRUE(registrar->schemas.contains("t-shop.Order"));
  options.auto_register = false;
  options.subject = "elsewhere";
  EXPECT_EQ(encode("SELECT 1 AS id").status().code(), StatusCode::kNotFound);
}

TEST_F(JsonSchemaEncoding, AsksNoRegistryUnlessItHasASchema) {
  options.has_schema = false;
  EXPECT_THAT(encode("SELECT 'nan'::DOUBLE AS v").value(), ElementsAre(R"({"v":"NaN"})"));
  options.has_schema = true;
  EXPECT_TRUE(make_json_encoding(options)->check(types_of("SELECT 1 AS a")).ok());
  EXPECT_THAT(registrar->schemas, SizeIs(0));
}

TEST_F(JsonSchemaEncoding, RefusesWhatTheSchemaCallsANumberAndIsNone) {
  for (const char* odd :
       {"'nan'::DOUBLE", "'-inf'::FLOAT", "[1, 'nan'::DOUBLE]", "{'a': 'inf'::DOUBLE}"}) {
    const auto texts = encode(std::string("SELECT ") + odd + " AS v");
    EXPECT_EQ(texts.status().code(), StatusCode::kInvalidArgument) << odd;
    EXPECT_THAT(texts.status().message(), HasSubstr("the column 'v' holds NaN or an infinity"));
  }
  EXPECT_TRUE(encode("SELECT 1.5::DOUBLE AS v UNION ALL SELECT NULL").ok());
}

struct WrittenKey {
  const char* sql;
  bool is_bare;
  const char* given;   // schema
  const char* schema;  // a part of it
  std::string payload;
};

TEST_F(JsonSchemaEncoding, WritesKeysOfOneValueOrOfSeveral) {
  const WrittenKey cases[] = {
      {"7 AS id", true, "", R"(#","type":"integer","connect.type":"int32"})", "7"},
      {"'a' AS id", true, "", R"(#","type":"string"})", "\"a\""},
      {"7 AS id", false, "", R"("title":"t_key","type":"object")", R"({"id":7})"},
      {"7 AS id, 'a' AS of", false, "", R"("required":["id","of"])", R"({"id":7,"of":"a"})"},
      {"{'id': 7} AS k", true, "", R"("properties":{"id":{"oneOf")", R"({"id":7})"},
      {"7 AS id", true, R"({"type": "integer"})", R"({"type": "integer"})", "7"},
      {"7 AS id", true, R"({"type": "object"})", R"({"type": "object"})", R"({"id":7})"},
      {"{'id': 7} AS k", true, R"({"type": "object"})", "", R"({"id":7})"},
  };
  options.is_key = true;
  for (const WrittenKey& one : cases) {
    SCOPED_TRACE(one.sql);
    options.is_bare = one.is_bare;
    options.schema = one.given;
    // The same row, and one of nothing but NULL.
    const auto texts = encode(std::string("SELECT k.* FROM (SELECT ") + one.sql +
                              ") AS k RIGHT JOIN range(2) AS r(i) ON i = 0 ORDER BY i");
    ASSERT_TRUE(texts.ok()) << texts.status().message();
    EXPECT_THAT(*texts, ElementsAre(kHeader + one.payload, "<null>"));
    EXPECT_THAT(registrar->schemas["t-key"], HasSubstr(one.schema));
  }
  options.schema = "";
  options.is_bare = false;
  EXPECT_THAT(encode("SELECT 1 AS a, NULL::VARCHAR AS b").status().message(),
              HasSubstr("the column 'b' is NULL in a row, and the schema's property cannot be"));
}

constexpr const char* kOrder = R"({
  "title": "Order", "type": "object", "additionalProperties": false,
  "required": ["id", "of"],
  "properties": {
    "id": {"type": "integer"},
    "of": {"type": ["string", "null"]},
    "note": {"type": "string"},
    "share": {"anyOf": [{"type": "number"}, {"type": "null"}]},
    "kind": {"enum": ["a", "b"]},
    "place": {"oneOf": [{"type": "null"}, {"$ref": "#/definitions/place"}]},
    "tags": {"type": "array", "items": {"type": "string"}},
    "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
    "any": true,
    "other": {"$ref": "https://example.com/other.json"}},
  "definitions": {"place": {"type": "object", "required": ["zip"],
                            "properties": {"zip": {"type": "integer"}}}}})";

TEST_F(JsonSchemaEncoding, WritesByTheSchemaThatIsGiven) {
  const std::pair<const char*, const char*> cases[] = {
      {"1 AS id, 'x' AS of", R"({"id":1,"of":"x"})"},
      {"1 AS id, NULL::VARCHAR AS of", R"({"id":1,"of":null})"},
      {"NULL::VARCHAR AS note, 1 AS id, 'x' AS of", R"({"id":1,"of":"x"})"},
      {"'n' AS note, 1 AS id, 'x' AS of", R"({"note":"n","id":1,"of":"x"})"},
      {"1 AS id, 'x' AS of, 2 AS share", R"({"id":1,"of":"x","share":2})"},
      {"1 AS id, 'x' AS of, NULL::DOUBLE AS share", R"({"id":1,"of":"x","share":null})"},
      {"1 AS id, 'x' AS of, 'a' AS kind", R"({"id":1,"of":"x","kind":"a"})"},
      {"1 AS id, 'x' AS of, {'zip': 2} AS place", R"({"id":1,"of":"x","place":{"zip":2}})"},
      {"1 AS id, 'x' AS of, ['a'] AS tags", R"({"id":1,"of":"x","tags":["a"]})"},
      {"1 AS id, 'x' AS of, MAP {'k': 1} AS counts", R"({"id":1,"of":"x","counts":{"k":1}})"},
      {"1 AS id, 'x' AS of, [1] AS any, 2 AS other", R"({"id":1,"of":"x","any":[1],"other":2})"},
      {"1 AS id, 'x' AS of, '5'::JSON AS note", R"({"id":1,"of":"x","note":5})"},
  };
  options.schema = kOrder;
  options.strategy = SubjectStrategy::kRecordName;
  for (const auto& [sql, json] : cases) {
    const auto texts = encode(std::string("SELECT ") + sql);
    ASSERT_TRUE(texts.ok()) << sql << ": " << texts.status().message();
    EXPECT_THAT(*texts, ElementsAre(kHeader + json));
    EXPECT_EQ(registrar->schemas["Order"], kOrder);
  }
}

TEST_F(JsonSchemaEncoding, SaysWhatDoesNotFitTheSchema) {
  const std::pair<const char*, const char*> cases[] = {
      {"1 AS id", "no column is the schema's property 'of', which is required"},
      {"1 AS id, 'x' AS of, 'n' AS notes",
       "the schema has no property for the column 'notes'; did you mean 'note'?; or leave it out"},
      {"1.5 AS id, 'x' AS of", "the column 'id' is written as number, but the schema says integer"},
      {"1 AS id, 2 AS of",
       "the column 'of' is written as integer, but the schema says null or string"},
      {"1 AS id, 'x' AS of, {'zip': 'a'} AS place", "the column 'place.zip' is written as string"},
      {"1 AS id, 'x' AS of, {'z': 1} AS place", "the schema's property 'place.zip'"},
      {"1 AS id, 'x' AS of, [1] AS tags", "the column 'tags' is written as integer"},
      {"1 AS id, 'x' AS of, MAP {'k': 'v'} AS counts", "the column 'counts' is written as string"},
      {"NULL::INTEGER AS id, 'x' AS of", "the column 'id' is NULL in a row"},
      {"1 AS id, 'x' AS of, '1'::BIT AS any", "the column 'any' has a BIT"},
  };
  options.schema = kOrder;
  for (const auto& [sql, message] : cases) {
    const Status status = encode(std::string("SELECT ") + sql).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << sql;
    EXPECT_THAT(status.message(), HasSubstr(message));
  }
  options.is_key = options.is_bare = true;
  options.schema = R"({"type": "string"})";
  EXPECT_THAT(encode("SELECT 1 AS id").status().message(),
              HasSubstr("the column 'id' is written as integer, but the schema says string"));
  options.strategy = SubjectStrategy::kRecordName;
  EXPECT_THAT(encode("SELECT 'x' AS id").status().message(),
              HasSubstr("a JSON Schema with a title"));
}

TEST_F(JsonSchemaEncoding, KnowsWhatIsNoSchema) {
  EXPECT_THAT(read_json_schema("{").status().message(), HasSubstr("is not JSON"));
  EXPECT_THAT(read_json_schema("[]").status().message(), HasSubstr("is an object, not array"));
  EXPECT_TRUE(read_json_schema("true").ok());
  // References that lead nowhere, or in a circle, are taken as anything.
  for (const char* odd : {R"({"properties": {"a": {"$ref": "#/properties/a"}}})",
                          R"({"properties": {"a": {"$ref": "#/nowhere/b"}}})"}) {
    EXPECT_TRUE(plan_json_write(odd, types_of("SELECT 1 AS a")).ok()) << odd;
  }
}

}  // namespace
}  // namespace lakeward::format
